import type { RowsReport } from '../predictions/row-encoding.js'
import { listNames, Notes } from '../spec/notes.js'

/** Columns whose unknown categories a note tells. */
const maxExampleColumns = 5

/** What was inferred or left out in reading rows. */
export function rowNotes({
  unknownCategories,
  passedOver,
  absent,
  notes: read = [],
}: RowsReport): Notes {
  const notes = new Notes()
  for (const { code, message, columns } of read) notes.add(code, message, columns)
  if (unknownCategories.length > 0) {
    const names = unknownCategories.map(({ column }) => column)
    const examples = unknownCategories.slice(0, maxExampleColumns).map(describeUnknown)
    const more = unknownCategories.length - examples.length
    const message = `categories that training has not seen count as missing: ${examples.join('; ')}${more > 0 ? `; and ${more} more columns` : ''}; unknownCategory=error refuses them`
    notes.add('unknown_categories', message, names)
  }
  if (passedOver.length > 0) {
    const message = `columns that the model does not use are passed over: ${listNames(passedOver)}`
    notes.add('columns_passed_over', message, passedOver)
  }
  if (absent.length > 0) {
    const message = `columns that no row has count as missing in all rows: ${listNames(absent)}`
    notes.add('columns_absent', message, absent)
  }
  return notes
}

const describeUnknown = ({ column, rows, examples }: RowsReport['unknownCategories'][number]) =>
  `${listNames(examples)} of '${column}', in ${rows} ${rows === 1 ? 'row' : 'rows'}`
