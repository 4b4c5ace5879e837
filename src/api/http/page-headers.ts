/**
 * Headers of an HTML page. Its policy allows no other origins, no frames, and no scripts, styles, images or
 * connections beside those in `sources`, such as `{ 'style-src': "'self'" }`.
 */
export const pageHeaders = (sources: Readonly<Record<string, string>>) => ({
  'content-security-policy': [
    "default-src 'none'",
    ...Object.entries(sources).map(([directive, value]) => `${directive} ${value}`),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
})
