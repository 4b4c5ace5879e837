import { posix } from 'node:path'
import { listNames } from '../../spec/notes.js'
import type { EntrySource } from '../archives/entry-source.js'
import { fileError } from '../errors.js'
import { readDateStyles } from './number-formats.js'
import { SharedTexts } from './shared-texts.js'
import { isTrue, readXml } from './xml-events.js'

export interface Sheet {
  name: string
  isHidden: boolean
  /** The entry of its XML. */
  entry: number
}

/** An Excel workbook (ECMA-376, .xlsx), open for reading its cells. */
export interface Workbook {
  file: string
  source: EntrySource
  sheets: Sheet[]
  texts: SharedTexts
  /** By the style of a cell. */
  dateStyles: boolean[]
  /** Whether days are counted from 1904, as on old Macs. */
  is1904: boolean
}

const mainPart = 'xl/workbook.xml'

export async function openWorkbook(source: EntrySource): Promise<Workbook> {
  const file = source.archive!
  const entries = new Map<string, number>()
  for (let entry = 0; entry < source.count; entry++) entries.set(source.path(entry), entry)
  const main = entries.get(mainPart)
  if (main === undefined) {
    const detail = 'the workbook is in Excel’s binary form (.xlsb): save it as .xlsx or CSV (UTF-8)'
    throw fileError('DATASET_FORMAT', { file }, detail)
  }
  const relations = await readRelations(source, entries.get('xl/_rels/workbook.xml.rels'))
  const sheets: Sheet[] = []
  let is1904 = false
  await readXml(source, main, {
    open(name, attributes) {
      if (name === 'workbookPr') is1904 = isTrue(attributes.date1904)
      if (name !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => /(^|:)id$/.test(key))?.[1]
      const relation = relations.get(id ?? '')
      const entry = relation?.type === 'worksheet' ? entries.get(relation.path) : undefined
      // a sheet may be a chart
      if (entry === undefined) return
      sheets.push({
        name: attributes.name ?? '',
        isHidden: (attributes.state ?? 'visible') !== 'visible',
        entry,
      })
    },
  })
  const ofType = (type: string) => {
    const found = [...relations.values()].find(relation => relation.type === type)
    return found && entries.get(found.path)
  }
  const [texts, styles] = [ofType('sharedStrings'), ofType('styles')]
  return {
    file,
    source,
    sheets,
    texts: texts === undefined ? new SharedTexts() : await SharedTexts.read(source, texts),
    dateStyles: styles === undefined ? [] : await readDateStyles(source, styles),
    is1904,
  }
}

interface Relation {
  /** The last part of its URI. */
  type: string
  /** Within the zip. */
  path: string
}

async function readRelations(
  source: EntrySource,
  entry: number | undefined,
): Promise<Map<string, Relation>> {
  const relations = new Map<string, Relation>()
  if (entry === undefined) return relations
  await readXml(source, entry, {
    open(name, { Id, Type, Target }) {
      if (name !== 'Relationship' || !Id || !Type || !Target) return
      const path = Target.startsWith('/') ? Target.slice(1) : posix.join('xl', Target)
      relations.set(Id, { type: Type.slice(Type.lastIndexOf('/') + 1), path })
    },
  })
  return relations
}

/** The sheet of that name, or the first that is shown. Throws DATASET_FORMAT if there is none. */
export function chooseSheet({ file, sheets }: Workbook, name: string | null): Sheet {
  const names = listNames(sheets.map(sheet => sheet.name))
  const found =
    name === null
      ? sheets.find(sheet => !sheet.isHidden)
      : sheets.find(sheet => sheet.name === name)
  if (found) return found
  const detail =
    sheets.length === 0
      ? 'the workbook has no sheet with cells'
      : name === null
        ? `all sheets of the workbook are hidden: say which one to read by sheet, of ${names}`
        : `the workbook has no sheet ${JSON.stringify(name)}, only ${names}`
  throw fileError('DATASET_FORMAT', { file }, detail)
}
