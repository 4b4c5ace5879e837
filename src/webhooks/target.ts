// Where a webhook may lead. The server sits in a network that its clients do not see; a URL of theirs
// must not reach into it.
import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { quoteTruncated } from '../errors.js'
import { targetRefused } from './errors.js'

/** `private`: also http, and addresses of the network that the server is in. */
export type AllowedNetworks = 'public' | 'private'

export interface Address {
  address: string
  family: number
}

/** ipaddr.js's names of ranges. Link-local, where clouds keep their metadata, is in neither. */
const allowedRanges: Record<AllowedNetworks, readonly string[]> = {
  public: ['unicast'],
  private: ['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat'],
}

/** All that IANA has given out for the whole internet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

export function parseTarget(text: string, allowedNetworks: AllowedNetworks): URL {
  if (!URL.canParse(text)) throw targetRefused(`${quoteTruncated(text, 100)} is not a URL`)
  const url = new URL(text)
  const schemes = allowedNetworks === 'public' ? ['https:'] : ['https:', 'http:']
  if (!schemes.includes(url.protocol)) {
    const hint = allowedNetworks === 'public' ? ' (TRAINYARD_WEBHOOKS=private allows http)' : ''
    throw targetRefused(`the URL begins with ${url.protocol}, expected https:${hint}`)
  }
  if (url.username || url.password) {
    throw targetRefused('the URL has a login; verify the signature instead')
  }
  // below 1024 live services that are no web servers: a request must not be smuggled to one
  const port = Number(url.port || 443)
  if (allowedNetworks === 'public' && port < 1024 && port !== 443) {
    throw targetRefused(`the port is ${port}, expected 443 or one above 1023`)
  }
  return url
}

/** The addresses behind a URL, if all of them may be called: a connection goes to one of these. */
export async function resolveTarget(
  url: URL,
  allowedNetworks: AllowedNetworks,
): Promise<Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await lookup(host, { all: true }).catch(() => [])
  if (addresses.length === 0) throw targetRefused(`${host} has no address`)
  if (!addresses.every(({ address }) => isAllowedAddress(address, allowedNetworks))) {
    const hint =
      allowedNetworks === 'public' ? '; TRAINYARD_WEBHOOKS=private allows private ones' : ''
    throw targetRefused(`${host} leads to an address that webhooks may not call${hint}`)
  }
  return addresses
}

export function isAllowedAddress(address: string, allowedNetworks: AllowedNetworks): boolean {
  if (!ipaddr.isValid(address)) return false
  // an IPv4 address in IPv6's clothes is that IPv4 address
  const ip = ipaddr.process(address)
  const range = ip.range()
  if (!allowedRanges[allowedNetworks].includes(range)) return false
  return ip.kind() === 'ipv4' || range !== 'unicast' || ip.match(globalUnicast)
}
