/** Who may call the server from where, beside its own machine. */
export interface AccessSettings {
  /**
   * Names in the Host header that the server answers to, beside localhost and the public URL's: `train.example.com`,
   * `*.example.com` for all names below it, or `*` for all names.
   */
  allowedHosts: readonly string[]
  /** Where clients reach the server: `https://example.com/trainyard`, without a slash at the end. */
  publicUrl: string | null
  /** Origins whose pages may call the API, such as `https://app.example.com`, or `*`. */
  corsOrigins: readonly string[]
  /** Addresses and networks of proxies whose X-Forwarded headers count; `loopback` stands for this machine. */
  trustedProxies: readonly string[]
}

export const onlyThisMachine: AccessSettings = {
  allowedHosts: [],
  publicUrl: null,
  corsOrigins: [],
  trustedProxies: [],
}

/** Returns a function that says whether pages of an origin may call the API. */
export function originMatcher({ corsOrigins }: AccessSettings): (origin: string) => boolean {
  const origins = new Set(corsOrigins)
  return origin => origins.has('*') || origins.has(origin.toLowerCase())
}
