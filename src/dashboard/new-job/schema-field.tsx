import { useEffect, useState } from 'preact/hooks'
import { Field, Select, TextInput } from '../ui/field.js'
import { type Path, pointerOf, valueAt } from './request.js'
import {
  type JobSchemas,
  parsed,
  type Schema,
  splitDescription,
  variantOf,
  variantsOf,
} from './schema.js'

export interface FormContext {
  resolve: JobSchemas['resolve']
  value: (path: Path) => unknown
  change: (path: Path, value: unknown) => void
  /** What the server says of a field, by its pointer. */
  errors: ReadonlyMap<string, string>
  /** The job as it would run, whose values stand in empty fields. */
  plan: unknown
}

interface SchemaFieldProps {
  form: FormContext
  schema: Schema
  path: Path
  isRequired?: boolean
}

/** The control for a value of a schema: a list for alternatives, an input for a number, a group for an object. */
export function SchemaField({ form, schema: given, path, isRequired = false }: SchemaFieldProps) {
  const schema = form.resolve(given)
  const variants = variantsOf(schema, form.resolve)
  if (variants && variants.length > 1) {
    return <VariantField {...{ form, path, isRequired, variants }} schema={schema} />
  }
  if (schema.type === 'object' && schema.properties) {
    return <GroupField {...{ form, schema, path, isRequired }} />
  }
  return <ValueField {...{ form, schema, path, isRequired }} />
}

const nameOf = (path: Path) => path.at(-1)!

function ValueField({ form, schema, path, isRequired }: Required<SchemaFieldProps>) {
  const value = form.value(path)
  const { help, initial } = splitDescription(schema.description)
  const planned = valueAt(form.plan, path)
  const unset = isRequired ? 'required' : shortText(planned ?? initial)
  return (
    <Field label={nameOf(path)} help={help} error={form.errors.get(pointerOf(path)) ?? null}>
      {control =>
        schema.enum || schema.type === 'boolean' ? (
          <Select
            {...control}
            value={value === undefined ? '' : JSON.stringify(value)}
            options={[
              ['', unset ? `default (${unset})` : 'default'],
              ...(schema.enum ?? [true, false]).map(
                each => [JSON.stringify(each), wordOf(each)] as const,
              ),
            ]}
            onChange={text => form.change(path, text === '' ? undefined : JSON.parse(text))}
          />
        ) : (
          <TextField
            {...{ control, schema, value }}
            placeholder={unset}
            onChange={next => form.change(path, next)}
          />
        )
      }
    </Field>
  )
}

const wordOf = (value: unknown) => (value === true ? 'yes' : value === false ? 'no' : String(value))

/** A value for a placeholder; objects are left to the dry run. */
function shortText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? '' : wordOf(value)
}

interface TextFieldProps {
  control: object
  schema: Schema
  value: unknown
  placeholder: string
  onChange: (value: unknown) => void
}

/** What is written stays as it is, also if it is no number: the server then says what it expects. */
function TextField({ control, schema, value, placeholder, onChange }: TextFieldProps) {
  const [text, setText] = useState(textOf(value, schema))
  useEffect(() => {
    if (!isSame(parse(text, schema), value)) setText(textOf(value, schema))
  }, [value])
  return (
    <TextInput
      {...control}
      value={text}
      placeholder={placeholder}
      inputMode={
        schema.type === 'integer' ? 'numeric' : schema.type === 'number' ? 'decimal' : undefined
      }
      onChange={next => {
        setText(next)
        onChange(parse(next, schema))
      }}
    />
  )
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

const isTextList = ({ type, items }: Schema) =>
  type === 'array' && (!items?.type || items.type === 'string')

function textOf(value: unknown, schema: Schema): string {
  if (value === undefined) return ''
  if (isTextList(schema) && Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The value that a text stands for; the text itself if it is none of the schema. */
function parse(text: string, schema: Schema): unknown {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  if (schema.type === 'string') return text
  if (isTextList(schema))
    return trimmed
      .split(',')
      .map(each => each.trim())
      .filter(Boolean)
  if (schema.type === 'number' || schema.type === 'integer') {
    const number = Number(trimmed)
    return Number.isNaN(number) ? text : number
  }
  return parsed(trimmed)
}

type VariantFieldProps = Required<SchemaFieldProps> & {
  variants: NonNullable<ReturnType<typeof variantsOf>>
}

function VariantField({ form, schema, path, isRequired, variants }: VariantFieldProps) {
  const value = form.value(path)
  const { help, initial } = splitDescription(schema.description)
  const [chosen, setChosen] = useState<number | null>(null)
  // a number that is still to be written is no value yet, but its variant is chosen
  const current = value === undefined ? (chosen ?? -1) : variantOf(variants, value)
  const variant = variants[current]
  const planned = valueAt(form.plan, path)
  const usual = planned === undefined ? initial : planned
  const unset = shortText(usual) || variants[variantOf(variants, usual)]?.name
  function choose(text: string) {
    const index = text === '' ? -1 : Number(text)
    setChosen(index)
    form.change(path, variants[index]?.start)
  }
  return (
    <div class="schema-group">
      <Field label={nameOf(path)} help={help} error={form.errors.get(pointerOf(path)) ?? null}>
        {control => (
          <Select
            {...control}
            value={current < 0 ? '' : String(current)}
            options={[
              ...(isRequired && current >= 0
                ? []
                : [['', unset ? `default (${unset})` : 'default'] as const]),
              ...variants.map(({ name }, i) => [String(i), name] as const),
            ]}
            onChange={choose}
          />
        )}
      </Field>
      {variant && <VariantContent {...{ form, path, variant }} />}
    </div>
  )
}

function VariantContent({
  form,
  path,
  variant,
}: {
  form: FormContext
  path: Path
  variant: { schema: Schema; start: unknown }
}) {
  const { schema, start } = variant
  if (schema.const !== undefined) return null
  if (schema.type === 'object' && schema.properties) {
    const constants = Object.keys((start ?? {}) as object)
    return <Properties {...{ form, schema, path }} left={constants} />
  }
  return (
    <TextField
      control={{ label: `${nameOf(path)}: value`, 'aria-label': `${nameOf(path)}: value` }}
      schema={schema}
      value={form.value(path)}
      placeholder={schema.type === 'object' ? '{ "name": value }' : ''}
      onChange={next => form.change(path, next)}
    />
  )
}

/** An object: a group that is open if something in it is set. */
function GroupField({ form, schema, path, isRequired }: Required<SchemaFieldProps>) {
  const value = form.value(path)
  const { help } = splitDescription(schema.description)
  const error = form.errors.get(pointerOf(path))
  return (
    <details class="schema-group" open={value !== undefined || isRequired}>
      <summary>{nameOf(path)}</summary>
      {error && <p class="field-error">{error}</p>}
      {help && <p class="field-help">{help}</p>}
      <Properties {...{ form, schema, path }} left={[]} />
    </details>
  )
}

interface PropertiesProps {
  form: FormContext
  schema: Schema
  path: Path
  /** Properties that have no field of their own. */
  left: readonly string[]
}

export const Properties = ({ form, schema, path, left }: PropertiesProps) => (
  <div class="schema-fields">
    {Object.entries(schema.properties ?? {})
      .filter(([name]) => !left.includes(name))
      .map(([name, property]) => (
        <SchemaField
          key={name}
          form={form}
          schema={property}
          path={[...path, name]}
          isRequired={schema.required?.includes(name) ?? false}
        />
      ))}
  </div>
)
