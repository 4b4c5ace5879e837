/**
 * Paths of the Open Inference Protocol (/v2) and of TensorFlow Serving (/v1/models), whose errors have a form of their
 * own: `{ "error": "…" }`.
 */
const protocolPaths = /^\/(v2|v1\/models)(?![\w-])/

export const isProtocolPath = (url: string): boolean => protocolPaths.test(url)

const tfServingPath =
  /^\/v1\/models(\/[^/:?]+)?(\/(?:versions|labels)(?=\/))?(\/[^/:?]+)?(\/metadata|:predict|:classify|:regress|:explain)?(?=\?|$)/i

/** TensorFlow Serving's paths are the same in upper and lower case, except for names. */
export function lowerCaseProtocolPath(url: string): string {
  if (!/^\/v1\/models/i.test(url)) return url
  return url.replace(
    tfServingPath,
    (_whole, name = '', selector = '', selected = '', method = '') =>
      `/v1/models${name}${selector.toLowerCase()}${selected}${method.toLowerCase()}`,
  )
}
