// Positions: adding, asking, searching, storing.

import { EVERY_ENCODING, family, script } from "../support/scenario.ts";

const SICILY = script`
      GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
      GEOADD g 13.583333 37.316667 Agrigento 12.758489 38.788135 edge
`;

family(
  "positions",
  {
    "adding and asking": script`
      ${SICILY}
      GEOADD g NX 0 0 Palermo 2.349014 48.864716 Paris
      GEOADD g XX CH 2.35 48.86 Paris 0 0 nowhere
      GEOADD g CH 2.35 48.86 Paris
      GEOADD g NX XX 0 0 a
      GEOADD g GT 0 0 a
      GEOADD g 0 0
      GEOADD g CH
      GEOADD g 181 0 a
      GEOADD g 0 -85.06 a
      GEOADD g inf 0 a
      GEOADD g 1e30 0 a
      GEOADD g x 0 a
      GEOADD corners 180 85.05112878 a -180 -85.05112878 b 0 0 c -180 85.05112878 d
      GEOPOS corners a b c d
      GEOHASH corners a b c d
      ZRANGE corners 0 -1 WITHSCORES
      GEOPOS g Palermo nothing Paris
      GEOPOS nothing a
      GEOPOS g
      GEOHASH g Palermo nothing
      GEOHASH nothing a
      GEODIST g Palermo Catania
      GEODIST g Palermo Catania km
      GEODIST g Palermo Catania MI
      GEODIST g Palermo Catania ft
      GEODIST g Palermo Catania miles
      GEODIST g Palermo Catania km x
      GEODIST g Palermo nothing
      GEODIST nothing a b
      GEODIST g Palermo Palermo
      ZADD odd -1 a 1e17 b 9007199254740993 c 3.5 d
      GEOPOS odd a b c d
      SET s x
      GEOADD s 0 0 a
      GEOPOS s a
      GEODIST s a b
    `,

    searching: script`
      ${SICILY}
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC WITHDIST
      GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
      GEOSEARCH g BYBOX 300 300 km FROMMEMBER Palermo DESC
      GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 2 DESC
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 2 ANY
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT x
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 30000 km ASC
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 league
      GEOSEARCH g FROMLONLAT 15 37 BYBOX x 1 km
      GEOSEARCH g FROMLONLAT 15 37 BYBOX 1 x km
      GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 1 km
      GEOSEARCH g FROMLONLAT 15 37 ASC DESC ASC
      GEOSEARCH g BYRADIUS 1 km ASC DESC
      GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 km
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km
      GEOSEARCH g FROMMEMBER nothing BYRADIUS 1 km
      GEOSEARCH g FROMLONLAT 200 37 BYRADIUS 1 km
      GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 km STORE x
      GEOSEARCH nothing FROMMEMBER a BYRADIUS 1 km
      GEOSEARCH nothing FROMMEMBER a ASC ASC ASC
      geosearch g BYRADIUS 1 km ASC
      GEORADIUS g 15 37 200 km ASC
      GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH COUNT 1
      GEORADIUS_RO g 15 37 200 km ASC
      GEORADIUS_RO g 15 37 200 km STORE x
      GEORADIUSBYMEMBER g Agrigento 100 km ASC
      GEORADIUSBYMEMBER_RO g Agrigento 100 km DESC
      GEORADIUSBYMEMBER g nothing 100 km
      GEORADIUSBYMEMBER nothing a 100 km
      GEORADIUS nothing 15 37 200 km
      GEORADIUS g 15 37 200
    `,

    storing: script`
      ${SICILY}
      GEOSEARCHSTORE to g FROMLONLAT 15 37 BYRADIUS 200 km ASC COUNT 2
      ZRANGE to 0 -1 WITHSCORES
      GEOSEARCHSTORE to g FROMMEMBER Palermo BYRADIUS 0 km STOREDIST
      ZRANGE to 0 -1 WITHSCORES
      GEOSEARCHSTORE to g FROMLONLAT 0 0 BYRADIUS 1 km
      EXISTS to
      GEOSEARCHSTORE to g FROMLONLAT 0 0 BYRADIUS 1 km WITHDIST
      GEOSEARCHSTORE to nothing FROMLONLAT 0 0 BYRADIUS 1 km
      GEORADIUS g 15 37 200 km STORE to
      ZRANGE to 0 -1
      GEORADIUS g 15 37 200 km STORE to WITHCOORD
      GEORADIUS g 15 37 1 km STORE to
      EXISTS to
      GEORADIUSBYMEMBER g Palermo 0 km STOREDIST to
      ZRANGE to 0 -1 WITHSCORES
      GEORADIUSBYMEMBER nothing a 1 km STORE to
      EXISTS to
      GEOSEARCHSTORE g g FROMMEMBER Palermo BYRADIUS 200 km
      ZCARD g
    `,
  },
  { profiles: EVERY_ENCODING },
);
