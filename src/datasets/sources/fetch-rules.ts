import { quoteTruncated } from '../../errors.js'
import { type Address, isAllowedAddress, isInNetworks, resolveHost } from '../../net/addresses.js'
import { sourceFailed, sourceRefused } from './errors.js'

/** What the server may fetch beside public addresses: the setting TRAINYARD_FETCH_ALLOW. */
export interface FetchRules {
  /** Names such as `files.example.com`, or `*.example.com` for all names below one. */
  hosts: readonly string[]
  /** Addresses and networks such as `10.0.0.0/8`. */
  networks: readonly string[]
  /** Buckets of S3; `*` is all that the server's own credentials can read. */
  buckets: readonly string[]
}

export const publicOnly: FetchRules = { hosts: [], networks: [], buckets: [] }

/** Entries are names, addresses, networks, and `s3://bucket`. */
export function parseFetchRules(entries: readonly string[]): FetchRules {
  const bucketPrefix = 's3://'
  const buckets = entries.filter(entry => entry.startsWith(bucketPrefix))
  const others = entries.filter(entry => !entry.startsWith(bucketPrefix))
  const networks = others.filter(entry => /^[\d.]+(\/\d+)?$|:/.test(entry))
  return {
    hosts: others.filter(entry => !networks.includes(entry)).map(host => host.toLowerCase()),
    networks,
    buckets: buckets.map(entry => entry.slice(bucketPrefix.length)),
  }
}

/** Most ports below 1024 belong to services that are not web servers and might obey a crafted request. */
const isWebPort = (port: number) => port === 80 || port === 443 || port > 1023

/** Throws SOURCE_REFUSED for a URL that no address makes right. The message shows nothing but the host. */
export function parseSourceUrl(text: string): URL {
  if (!URL.canParse(text)) throw sourceRefused('the text is not a URL, expected https://…')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw sourceRefused(`the URL starts with ${url.protocol}, expected https: or http:`)
  if (url.username || url.password) {
    const message =
      'the URL contains a user name or password, which would be kept in records; use a signed URL that expires'
    throw sourceRefused(message)
  }
  return url
}

/** Resolves a URL's host. Throws SOURCE_REFUSED unless the server may call every one of its addresses. */
export async function resolveSource(url: URL, rules: FetchRules): Promise<Address[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const isListed = rules.hosts.some(rule =>
    rule.startsWith('*.') ? host.endsWith(rule.slice(1)) : host === rule,
  )
  const addresses = await resolveHost(url)
  if (addresses.length === 0) throw sourceFailed(`${quoteTruncated(host)} cannot be resolved`)
  if (isListed || addresses.every(({ address }) => isInNetworks(address, rules.networks)))
    return addresses
  const isAllowed = ({ address }: Address) =>
    isAllowedAddress(address, 'public') || isInNetworks(address, rules.networks)
  if (!addresses.every(isAllowed)) {
    const message = `${quoteTruncated(host)} has an address that is not public; the server fetches from it if TRAINYARD_FETCH_ALLOW has the name or the address`
    throw sourceRefused(message)
  }
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443))
  if (!isWebPort(port)) {
    const message = `the port is ${port}, expected 80, 443 or a port above 1023, or ${quoteTruncated(host)} in TRAINYARD_FETCH_ALLOW`
    throw sourceRefused(message)
  }
  return addresses
}

/** Throws SOURCE_REFUSED unless the server's credentials may be used for the bucket. */
export function assertBucketAllowed(bucket: string, { buckets }: FetchRules): void {
  if (buckets.includes('*') || buckets.includes(bucket)) return
  const message = `the server reads no bucket ${quoteTruncated(bucket)}: it would use its own credentials, so TRAINYARD_FETCH_ALLOW must list the bucket as s3://${bucket}`
  throw sourceRefused(message)
}
