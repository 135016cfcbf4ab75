// Versions that the database tells its clients.

/**
 * The Redis whose behaviour this is; clients choose what they send by it. What HELLO and INFO say
 * is a setting (`redis-version-reported`), which is this unless somebody has set it.
 */
export const redisVersion = "7.4.0";

/** Our own, as in package.json. */
export const version = "0.1.0";
