// Protects the server's network from server-side request forgery (SSRF): clients choose URLs that the server calls,
// and must not reach hosts that only the server can see.
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** `private` also allows addresses in the server's own network. */
export type AllowedNetworks = 'public' | 'private'

export interface Address {
  address: string
  family: number
}

/** Names of ranges in ipaddr.js. Neither has link-local, which cloud metadata services use. */
const allowedRanges: Record<AllowedNetworks, readonly string[]> = {
  public: ['unicast'],
  private: ['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat'],
}

/** Addresses that IANA has assigned for the public internet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

export function isAllowedAddress(address: string, allowedNetworks: AllowedNetworks): boolean {
  if (!ipaddr.isValid(address)) return false
  // process() turns an IPv4-mapped IPv6 address into its IPv4 address
  const ip = ipaddr.process(address)
  const range = ip.range()
  if (!allowedRanges[allowedNetworks].includes(range)) return false
  return ip.kind() === 'ipv4' || range !== 'unicast' || ip.match(globalUnicast)
}

/** Whether an address is in one of these networks, such as `10.0.0.0/8`, or is one of these addresses. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const ip = ipaddr.process(address)
  return networks.some(network => {
    const [base, bits] = network.includes('/')
      ? ipaddr.parseCIDR(network)
      : ([ipaddr.process(network), 128] as const)
    if (base.kind() !== ip.kind()) return false
    return ip.match(
      base as ipaddr.IPv4 & ipaddr.IPv6,
      base.kind() === 'ipv4' ? Math.min(bits, 32) : bits,
    )
  })
}

/** All addresses of a URL's host; none if it cannot be resolved. */
export async function resolveHost(url: URL): Promise<Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return lookup(host, { all: true }).catch(() => [])
}

/** Connects to exactly the addresses that were checked: the name is not resolved again (DNS rebinding). */
export const pinnedLookup =
  (addresses: readonly Address[]): LookupFunction =>
  (_host, { all }, callback) => {
    const [{ address, family }] = addresses as [Address]
    if (all) callback(null, [...addresses])
    else callback(null, address, family)
  }

/** For DNS lookups, which may take long and cannot be cancelled. */
export function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (deadline.aborted) reject(deadline.reason)
    deadline.addEventListener('abort', () => reject(deadline.reason), { once: true })
    work.then(resolve, reject)
  })
}

const messages: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
}

/** Describes a failed request without addresses: clients read this, and need not learn the server's network. */
export const describeRequestError = (error: NodeJS.ErrnoException): string =>
  messages[error.code ?? ''] ?? `the request failed (${error.code ?? error.name})`
