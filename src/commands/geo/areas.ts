// Areas on Earth, which is a sphere here: circles and boxes around a position, polygons, and the
// cells of the grid that have to be searched for what lies in one. Distances are in metres, by the
// haversine formula (Redis's radius of the Earth).
//
// A polygon is one of degrees, as on a map: its edges are straight there, and none crosses the
// 180th meridian. Its centre is the mean of its corners on the sphere. What lies on an edge is
// within or not as rounding has it.

import { Bounds, Cell, LONGITUDE_MAX, Position } from "./geohash.ts";

const EARTH_RADIUS = 6372797.560856;
/** Half of the Earth's circumference, about: circles beyond it are everywhere. */
const MERCATOR_MAX = 20037726.37;
const RADIANS = Math.PI / 180;
/** Towards the poles cells are narrower on Earth than on the grid. */
const NARROW_LATITUDE = 66;
const NARROWER_LATITUDE = 80;
const STEP_MAX = 26;
/** Degrees by which an area's bounds are drawn wider than they are computed. */
const MARGIN = 1e-6;
/**
 * Up to so many degrees an area's bounds in longitude are drawn, wider by so much: the arc along a
 * parallel is longer than the one across, by 1.4 % at 80 degrees of latitude and 30 of longitude.
 */
const BOUNDED_MAX = 30;
const WIDER = 1.1;
const CELLS_MAX = 9;

/** Where a position is looked at. */
const there = new Position();

/** Metres between two positions. */
export function distance(
  longitudeA: number,
  latitudeA: number,
  longitudeB: number,
  latitudeB: number,
): number {
  const east = Math.sin((longitudeB * RADIANS - longitudeA * RADIANS) / 2);
  if (east === 0) return latitudeDistance(latitudeA, latitudeB);
  const a = latitudeA * RADIANS;
  const b = latitudeB * RADIANS;
  const north = Math.sin((b - a) / 2);
  const square = north * north + Math.cos(a) * Math.cos(b) * east * east;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(square));
}

function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS * Math.abs(b * RADIANS - a * RADIANS);
}

/** What is searched: a circle or a box around a position, or a polygon. Reused. */
export class Area {
  longitude = 0;
  latitude = 0;
  /** Metres of the unit in which the rest is given. */
  unit = 1;
  isBox = false;
  /** Longitude and latitude of each corner, if it is a polygon. */
  corners: Float64Array | null = null;
  radius = 0;
  width = 0;
  height = 0;
  /** What cover() found: the first `cellCount` of them. */
  readonly cells: readonly Cell[] = Array.from({ length: CELLS_MAX }, () => new Cell());
  cellCount = 0;
  /** Outside of it nothing is in the area. See cover(). */
  readonly #bounds = new Bounds();
  /** The cosine of the centre's latitude. */
  #cosine = 1;

  /**
   * Whether the position with the score scores[i] is in the area; then metres[i] is how far it is
   * from the centre. REQUIRES: cover(); it is a position's score.
   */
  measure(scores: Float64Array, metres: Float64Array, i: number): boolean {
    // Most of what is in the cells and not in the area is told by its column and row.
    if (!this.#bounds.has(scores, i)) return false;
    there.of(scores[i]);
    if (this.corners !== null) {
      if (!isWithin(this.corners, there)) return false;
    } else if (this.isBox && !this.#isInBox(there)) return false;
    const distance = this.#metresTo(there);
    metres[i] = distance;
    return this.isBox || this.corners !== null || distance <= this.radius * this.unit;
  }

  #isInBox({ longitude, latitude }: Position): boolean {
    const { longitude: x, latitude: y, width, height, unit } = this;
    if (latitudeDistance(latitude, y) > (height * unit) / 2) return false;
    return distance(longitude, latitude, x, latitude) <= (width * unit) / 2;
  }

  /** As distance(), from the centre. */
  #metresTo(position: Position): number {
    const a = this.latitude * RADIANS;
    const b = position.latitude * RADIANS;
    const east = Math.sin((position.longitude * RADIANS - this.longitude * RADIANS) / 2);
    if (east === 0) return EARTH_RADIUS * Math.abs(b - a);
    const north = Math.sin((b - a) / 2);
    const square = north * north + this.#cosine * Math.cos(b) * east * east;
    return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(square));
  }

  #bound(across: number, south: number, north: number): void {
    let west = -LONGITUDE_MAX;
    let east = LONGITUDE_MAX;
    // Of a large area, near the poles and across the 180th degree, longitudes do not say it.
    if (across < BOUNDED_MAX && Math.max(-south, north) <= NARROWER_LATITUDE) {
      const wider = across * WIDER + MARGIN;
      if (this.longitude - wider >= west && this.longitude + wider <= east) {
        west = this.longitude - wider;
        east = this.longitude + wider;
      }
    }
    this.#bounds.set(west, east, south - MARGIN, north + MARGIN);
  }

  /** It is the polygon of these corners: longitude and latitude of each. Sets the centre. */
  setCorners(corners: Float64Array): void {
    this.corners = corners;
    this.unit = 1;
    let x = 0;
    let y = 0;
    let z = 0;
    for (let i = 0; i < corners.length; i += 2) {
      const east = corners[i] * RADIANS;
      const north = corners[i + 1] * RADIANS;
      x += Math.cos(north) * Math.cos(east);
      y += Math.cos(north) * Math.sin(east);
      z += Math.sin(north);
    }
    this.longitude = Math.atan2(y, x) / RADIANS;
    this.latitude = Math.atan2(z, Math.hypot(x, y)) / RADIANS;
  }

  /** As cover(), of the rectangle of degrees around a polygon: the centre may lie at its edge. */
  #coverPolygon(corners: Float64Array): void {
    let [west, east] = [corners[0], corners[0]];
    let [south, north] = [corners[1], corners[1]];
    for (let i = 2; i < corners.length; i += 2) {
      west = Math.min(west, corners[i]);
      east = Math.max(east, corners[i]);
      south = Math.min(south, corners[i + 1]);
      north = Math.max(north, corners[i + 1]);
    }
    this.#bounds.set(west, east, south, north);
    const longitude = (west + east) / 2;
    const latitude = (south + north) / 2;
    const [cell] = this.cells;
    let step = STEP_MAX;
    cell.at(longitude, latitude, step);
    while (step > 1 && !reaches(cell, west, east, south, north)) {
      cell.at(longitude, latitude, --step);
    }
    this.#addNeighbours(west, east, south, north);
  }

  /**
   * Finds the cells that cover the area: the one of the centre, and those around it that are
   * needed, in Redis's order (north, south, east, west, and between them).
   */
  cover(): void {
    this.#cosine = Math.cos(this.latitude * RADIANS);
    if (this.corners !== null) return this.#coverPolygon(this.corners);
    const { longitude, latitude, unit } = this;
    const width = unit * (this.isBox ? this.width / 2 : this.radius);
    const height = unit * (this.isBox ? this.height / 2 : this.radius);
    const up = height / EARTH_RADIUS / RADIANS;
    const north = latitude + up;
    const south = latitude - up;
    // The edge that is nearer to a pole is the one that covers more degrees.
    const nearPole = latitude < 0 ? south : north;
    const across = width / EARTH_RADIUS / Math.cos(nearPole * RADIANS) / RADIANS;
    const east = longitude + across;
    const west = longitude - across;
    this.#bound(across, south, north);

    const reach = unit * (this.isBox ? diagonal(this.width, this.height) : this.radius);
    let step = stepFor(reach, latitude);
    const [cell] = this.cells;
    cell.at(longitude, latitude, step);
    if (step > 1 && !reaches(cell, west, east, south, north)) cell.at(longitude, latitude, --step);
    this.#addNeighbours(west, east, south, north);
  }

  /** The first cell is there; of those around it, adds the ones that are needed for the degrees. */
  #addNeighbours(west: number, east: number, south: number, north: number): void {
    const { cells } = this;
    const [cell] = cells;
    const isCoarse = cell.step < 2;
    const hasNorth = isCoarse || !(cell.north > north);
    const hasSouth = isCoarse || !(cell.south < south);
    const hasEast = isCoarse || !(cell.east > east);
    const hasWest = isCoarse || !(cell.west < west);
    let count = 1;
    for (let k = 0; k < EAST.length; k++) {
      const dx = EAST[k];
      const dy = NORTH[k];
      if (dy > 0 ? !hasNorth : dy < 0 && !hasSouth) continue;
      if (dx > 0 ? !hasEast : dx < 0 && !hasWest) continue;
      cells[count++].beside(cell, dx, dy);
    }
    this.cellCount = count;
  }
}

/** Whether the cell and those around it cover the degrees. */
function reaches(cell: Cell, west: number, east: number, south: number, north: number): boolean {
  return (
    cell.northOf(1) >= north &&
    cell.southOf(-1) <= south &&
    cell.eastOf(1) >= east &&
    cell.westOf(-1) <= west
  );
}

/** Whether a ray from the position to the east crosses an odd number of the polygon's edges. */
function isWithin(corners: Float64Array, { longitude, latitude }: Position): boolean {
  let within = false;
  let before = corners.length - 2;
  for (let i = 0; i < corners.length; before = i, i += 2) {
    const x = corners[i];
    const y = corners[i + 1];
    const toX = corners[before];
    const toY = corners[before + 1];
    if (y > latitude === toY > latitude) continue;
    if (longitude < ((toX - x) * (latitude - y)) / (toY - y) + x) within = !within;
  }
  return within;
}

// North, south, east, west, north-east, north-west, south-east, south-west.
const EAST = [0, 0, 1, -1, 1, -1, 1, -1] as const;
const NORTH = [1, -1, 0, 0, 1, 1, -1, -1] as const;

/** The step at which nine cells cover a circle of so many metres. */
function stepFor(metres: number, latitude: number): number {
  if (metres === 0) return STEP_MAX;
  let step = 1;
  for (let covered = metres; covered < MERCATOR_MAX; covered *= 2) step++;
  step -= 2;
  if (Math.abs(latitude) > NARROW_LATITUDE) step--;
  if (Math.abs(latitude) > NARROWER_LATITUDE) step--;
  return Math.max(1, Math.min(STEP_MAX, step));
}

/** From the centre of a box to its corners. */
function diagonal(width: number, height: number): number {
  return Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2));
}
