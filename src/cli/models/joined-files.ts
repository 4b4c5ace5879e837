/** Answers of one format that follow each other, as one file. */
export async function joinFiles(
  answers: readonly Response[],
  format: 'csv' | 'arrow',
): Promise<string | Uint8Array> {
  if (format === 'csv') return joinCsv(await Promise.all(answers.map(answer => answer.text())))
  const files = await Promise.all(answers.map(answer => answer.arrayBuffer()))
  return joinArrow(files.map(file => new Uint8Array(file)))
}

/** With the header of the first alone; no name of a column has a line end. */
function joinCsv(texts: readonly string[]): string {
  return texts.map((text, i) => (i === 0 ? text : text.slice(text.indexOf('\n') + 1))).join('')
}

async function joinArrow(files: readonly Uint8Array[]): Promise<Uint8Array> {
  if (files.length === 1) return files[0]!
  // it takes long to load, and a single answer goes as it is
  const { tableFromIPC, tableToIPC } = await import('apache-arrow')
  const [first, ...others] = files.map(file => tableFromIPC(file))
  return tableToIPC(first!.concat(...others), 'stream')
}
