import { zipFile } from '../archives/zip-writer.js'

/** The parts of a workbook; the rest is as Excel writes it. */
export interface WorkbookParts {
  /** XML of `sheetData` and what follows it, by the name of the sheet. */
  sheets: Readonly<Record<string, string>>
  hidden?: readonly string[]
  /** XML of the shared texts. */
  texts?: string
  styles?: string
  properties?: string
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packages = 'http://schemas.openxmlformats.org/package/2006/relationships'
const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

export function workbookFile({
  sheets,
  hidden = [],
  texts,
  styles,
  properties = '',
}: WorkbookParts): Buffer {
  const names = Object.keys(sheets)
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${relations}/${type}" Target="${target}"/>`
  const list = names.map((name, i) => {
    const state = hidden.includes(name) ? ' state="hidden"' : ''
    return `<sheet name="${name}" sheetId="${i + 1}"${state} r:id="rId${i + 1}"/>`
  })
  const entries: Record<string, string> = {
    '[Content_Types].xml': `${xml}<Types/>`,
    'xl/workbook.xml': `${xml}<workbook xmlns="${main}" xmlns:r="${relations}">${properties}<sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${xml}<Relationships xmlns="${packages}">${names
      .map((_, i) => relation(`rId${i + 1}`, 'worksheet', `worksheets/sheet${i + 1}.xml`))
      .join(
        '',
      )}${relation('t', 'sharedStrings', '/xl/sharedStrings.xml')}${relation('s', 'styles', 'styles.xml')}</Relationships>`,
    ...(texts !== undefined && {
      'xl/sharedStrings.xml': `${xml}<sst xmlns="${main}">${texts}</sst>`,
    }),
    ...(styles !== undefined && {
      'xl/styles.xml': `${xml}<styleSheet xmlns="${main}">${styles}</styleSheet>`,
    }),
  }
  for (const [i, name] of names.entries()) {
    entries[`xl/worksheets/sheet${i + 1}.xml`] =
      `${xml}<worksheet xmlns="${main}">${sheets[name]}</worksheet>`
  }
  return zipFile(Object.entries(entries).map(([name, content]) => ({ name, content, method: 8 })))
}

/** `sheetData` of numbers and inline texts. */
export const rowsOf = (...rows: readonly (readonly (number | string)[])[]): string =>
  `<sheetData>${rows
    .map((row, r) => {
      const cells = row.map(value =>
        typeof value === 'number'
          ? `<c><v>${value}</v></c>`
          : `<c t="inlineStr"><is><t>${value}</t></is></c>`,
      )
      return `<row r="${r + 1}">${cells.join('')}</row>`
    })
    .join('')}</sheetData>`
