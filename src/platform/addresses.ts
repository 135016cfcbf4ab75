// Addresses, as both runtimes' sockets have them.

/** An IPv4 address that came in over an IPv6 socket, without its prefix. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}
