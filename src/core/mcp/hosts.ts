/** Which hosts lie in the owner's own network. */

const LOCAL_NAME = /(?:^|\.)(?:local|localhost|lan|home|internal|home\.arpa|fritz\.box)$/i;

/** Of an address as URL reads it: without a port, IPv6 in brackets. A bare name has no domain. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (host.includes(":")) return isPrivateIpv6(host.toLowerCase());
  const parts = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host);
  if (parts === null) return LOCAL_NAME.test(host) || !host.includes(".");
  return isPrivateIpv4(Number(parts[1]), Number(parts[2]));
}

/** RFC 1918, 5735 (loopback, link-local, this network), 6598 (shared by providers). */
function isPrivateIpv4(a: number, b: number): boolean {
  if (a === 10 || a === 127 || a === 0) return true;
  if (a === 172) return b >= 16 && b <= 31;
  if (a === 100) return b >= 64 && b <= 127;
  return (a === 192 && b === 168) || (a === 169 && b === 254);
}

/** RFC 4291 (loopback, link-local), 4193 (unique local), and IPv4 in IPv6's clothes. */
function isPrivateIpv6(host: string): boolean {
  if (host === "::1" || host === "::" || /^f[cd]|^fe[89ab]/.test(host)) return true;
  const mapped = /^::ffff:([0-9a-f]{1,4}):[0-9a-f]{1,4}$/.exec(host)?.[1];
  if (mapped === undefined) return false;
  const high = Number.parseInt(mapped, 16);
  return isPrivateIpv4(high >> 8, high & 0xff);
}
