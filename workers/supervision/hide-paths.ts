/**
 * Returns a function that makes paths below these folders relative to them, in a text that clients may
 * read: where the server keeps its files is not for them.
 */
export function pathHider(folders: readonly string[]): (text: string) => string {
  const prefixes = folders.flatMap(folder => [`file://${folder}/`, `${folder}/`])
  return text => prefixes.reduce((shortened, prefix) => shortened.replaceAll(prefix, ''), text)
}
