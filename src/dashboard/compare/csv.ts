/** A table as CSV (RFC 4180). */
export const toCsv = (rows: readonly (readonly (string | number | boolean | undefined)[])[]) =>
  rows.map(row => `${row.map(csvField).join(',')}\r\n`).join('')

function csvField(value: string | number | boolean | undefined): string {
  const text = value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Lets the browser save a text as a file. */
export function saveText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // the browser has taken the file once the click is handled
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
