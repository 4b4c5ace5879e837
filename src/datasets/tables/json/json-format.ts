/**
 * True if a text begins as JSON records do: an object, or a list of objects. A column of a CSV file may be called
 * [a] or {b}, so a bracket alone is not enough.
 */
export function isJsonRecords(head: Buffer): boolean {
  const text = head.toString('latin1').replace(/^\xef\xbb\xbf/, '')
  return /^\s*(\[\s*)?\{\s*("([^"\\\r\n]|\\.)*"\s*:|\}|$|"[^"\r\n]*$)/.test(text)
}
