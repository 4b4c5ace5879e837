/**
 * A copy of an item with only these fields, such as `id`, `progress.step` or `labels.example.org/team`. A field that
 * the item does not have is left out.
 */
export function pickFields(item: object, fields: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const field of fields) {
    const dot = field.indexOf('.')
    const head = dot < 0 ? field : field.slice(0, dot)
    if (!Object.hasOwn(item, head)) continue
    const value = item[head as keyof typeof item] as unknown
    if (dot < 0) {
      picked[head] = value
      continue
    }
    if (typeof value !== 'object' || value === null) continue
    const part = pickPart(value, field.slice(dot + 1))
    // a wider field, such as `progress` beside `progress.step`, has the part already
    if (part && !fields.includes(head)) picked[head] = merge(picked[head], part)
  }
  return picked
}

/** Names of labels and metrics may have dots, so the rest of a path may be one name. */
function pickPart(value: object, name: string): object | null {
  if (Object.hasOwn(value, name)) return { [name]: value[name as keyof typeof value] }
  const dot = name.indexOf('.')
  const head = name.slice(0, Math.max(0, dot))
  const inner = Object.hasOwn(value, head) ? (value[head as keyof typeof value] as unknown) : null
  if (typeof inner !== 'object' || inner === null) return null
  const part = pickPart(inner, name.slice(dot + 1))
  return part && { [head]: part }
}

/** Both parts of one object, which has the same values in both. */
function merge(known: unknown, part: object): object {
  if (typeof known !== 'object' || known === null || Array.isArray(known)) return part
  const merged: Record<string, unknown> = { ...known }
  for (const [name, value] of Object.entries(part)) {
    const isPart = typeof value === 'object' && value !== null && !Array.isArray(value)
    merged[name] = isPart ? merge(merged[name], value) : value
  }
  return merged
}
