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
    if (part && !fields.includes(head)) {
      picked[head] = { ...(picked[head] as object | undefined), ...part }
    }
  }
  return picked
}

/** Names of labels and metrics may have dots, so the rest of a path is one name. */
const pickPart = (value: object, name: string) =>
  Object.hasOwn(value, name) ? { [name]: value[name as keyof typeof value] } : null
