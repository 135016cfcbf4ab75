// A section of INFO: a title and lines of `field:value`. Each wing of the house (the log, later
// snapshots, replication, scripts) describes itself in sections of its own; sections of one name
// come out as one, in the order in which they were added. Names are Redis's, and every value is
// true: 0 where that is the truth.

export type InfoField = readonly [name: string, value: string | number];

export interface InfoSection {
  /** In lower case, as INFO is asked for it. */
  readonly name: string;
  /** Shown only where it is asked for, by its name or with all others. */
  readonly onDemand?: boolean;
  fields(): readonly InfoField[];
}

/** A section that `fields` makes. */
export function section(
  name: string,
  fields: () => readonly InfoField[],
  onDemand = false,
): InfoSection {
  return { name, fields, onDemand };
}

/** A ratio as INFO prints it; of nothing it is 0. */
export function ratio(part: number, whole: number, digits = 2): string {
  return (whole > 0 ? part / whole : 0).toFixed(digits);
}
