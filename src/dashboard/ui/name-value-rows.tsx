import { Button } from './button.js'
import { TextInput } from './field.js'

export type NameValue = readonly [name: string, value: string]

interface NameValueRowsProps {
  /** Such as `Labels`. */
  title: string
  /** What one of them is called, such as `label`. */
  each: string
  /** An example, which stands in empty fields. */
  example: NameValue
  rows: readonly NameValue[]
  onChange: (rows: readonly NameValue[]) => void
}

/** Names with their values, to be written, added and removed: the labels of a job, the tags of a version. */
export function NameValueRows({ title, each, example, rows, onChange }: NameValueRowsProps) {
  const change = (at: number, row: NameValue) =>
    onChange(rows.map((present, i) => (i === at ? row : present)))
  return (
    <fieldset class="name-value-rows">
      <legend>{title}</legend>
      {rows.map(([name, value], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the row stays while its name is written
        <div key={i} class="row">
          <TextInput
            label={`Name of ${each} ${i + 1}`}
            placeholder={example[0]}
            value={name}
            onChange={text => change(i, [text, value])}
          />
          <TextInput
            label={`Value of ${each} ${i + 1}`}
            placeholder={example[1]}
            value={value}
            onChange={text => change(i, [name, text])}
          />
          <Button
            kind="quiet"
            icon="close"
            label={`Remove the ${each} ${name}`}
            onClick={() => onChange(rows.filter((_, at) => at !== i))}
          />
        </div>
      ))}
      <div>
        <Button icon="add" onClick={() => onChange([...rows, ['', '']])}>
          {`Add a ${each}`}
        </Button>
      </div>
    </fieldset>
  )
}
