// Versions that the database tells its clients.

/** The Redis whose behaviour this is; clients choose what they send by it. */
export const redisVersion = "7.4.0";

/** Our own, as in package.json. */
export const version = "0.1.0";
