import { useId } from 'preact/hooks'
import { type ControlProps, Field, Select, TextInput } from '../../ui/field.js'
import type { FormColumn, RowTexts } from './row-cells.js'

/** More categories are suggested while one types, in place of a list to choose from. */
const maxListed = 60

interface RowFormProps {
  columns: readonly FormColumn[]
  texts: RowTexts
  errors: Readonly<Record<string, string>>
  onChange: (column: string, text: string | null) => void
}

/** A field for each column, as its type asks. */
export const RowForm = ({ columns, texts, errors, onChange }: RowFormProps) => (
  <div class="row-form">
    {columns.map(column => (
      <Field
        key={column.name}
        label={column.name}
        error={errors[column.name] ?? null}
        help={column.isNeeded ? 'Offset: it is added to the margin.' : undefined}
      >
        {control => (
          <CellControl
            column={column}
            text={texts[column.name] ?? null}
            control={control}
            onChange={text => onChange(column.name, text)}
          />
        )}
      </Field>
    ))}
  </div>
)

interface CellControlProps {
  column: FormColumn
  text: string | null
  control: ControlProps
  onChange: (text: string | null) => void
}

function CellControl({ column, text, control, onChange }: CellControlProps) {
  const { type, categories } = column
  const list = useId()
  if (type === 'boolean' || (type === 'category' && (categories?.length ?? 0) <= maxListed)) {
    const names = type === 'boolean' ? ['true', 'false'] : (categories ?? [])
    // a category may be named by any text: its place tells it from a missing value
    const place = text === null ? -1 : names.indexOf(text)
    return (
      <Select
        {...control}
        value={text !== null && place < 0 ? 'unknown' : String(place)}
        options={[
          ['-1', '(missing)'],
          ...names.map((name, i) => [String(i), name || '(empty text)'] as const),
          ...(text !== null && place < 0 ? ([['unknown', `${text} (unknown)`]] as const) : []),
        ]}
        onChange={chosen => chosen !== 'unknown' && onChange(names[Number(chosen)] ?? null)}
      />
    )
  }
  return (
    <>
      <TextInput
        {...control}
        value={text ?? ''}
        placeholder="missing"
        {...(type === 'category'
          ? { list }
          : { inputMode: type === 'integer' ? ('numeric' as const) : ('decimal' as const) })}
        onChange={typed => onChange(typed === '' ? null : typed)}
      />
      {type === 'category' && (
        <datalist id={list}>
          {categories?.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </>
  )
}
