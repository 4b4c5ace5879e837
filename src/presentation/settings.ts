export type Setting = string | number | boolean

/** The settings of an object by their paths; lists as JSON. What is not set is left out. */
export function flatSettings(object: object, before = ''): Map<string, Setting> {
  const found = new Map<string, Setting>()
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    if (value === null || value === undefined) continue
    if (Array.isArray(value)) found.set(before + name, JSON.stringify(value))
    else if (typeof value === 'object') {
      for (const [path, inner] of flatSettings(value, `${before}${name}.`)) found.set(path, inner)
    } else found.set(before + name, value as Setting)
  }
  return found
}
