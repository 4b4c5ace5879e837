/** Returns the bytes, or what is wrong with the text. Buffer's decoder passes over what is no base64. */
export function decodeBase64(text: string): Uint8Array | string {
  if (text === '') return 'it is empty'
  if (text.startsWith('data:')) return 'it is a data URL, expected only what comes after its comma'
  const content = text.replace(/={1,2}$/, '')
  const strange = /[^A-Za-z0-9+/]/.exec(content)
  if (strange) {
    const character = JSON.stringify(strange[0])
    return `character ${strange.index} is ${character}, which is not of base64 (A-Z, a-z, 0-9, + and /)`
  }
  if (content.length % 4 === 1) return `it has ${content.length} characters, so its end is missing`
  return Buffer.from(content, 'base64')
}
