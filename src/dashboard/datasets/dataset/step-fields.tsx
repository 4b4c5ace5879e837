import type { ComponentChildren } from 'preact'
import type { DatasetManifest } from '../../../spec/dataset.js'
import { Checkbox, Field, Select, TextInput } from '../../ui/field.js'
import type { Draft } from './steps.js'

interface StepFieldsProps {
  of: DatasetManifest
  draft: Draft
  onChange: (draft: Draft) => void
}

/** What a step of the chosen kind asks for. */
export function StepFields({ of, draft, onChange }: StepFieldsProps) {
  const columns = of.kind === 'table' ? of.columns.map(({ name }) => name) : []
  const classes = of.kind === 'images' ? of.labels : []
  const fields = { draft, onChange }
  switch (draft.kind) {
    case 'filter':
      return (
        <>
          {classes.length > 0 && (
            <Choices {...fields} name="classes" label="Classes to keep" options={classes} />
          )}
          {of.splits && (
            <Choices
              {...fields}
              name="splits"
              label="Splits to keep"
              options={of.splits.map(({ name }) => name)}
            />
          )}
          <Text
            {...fields}
            name="where"
            label="Conditions"
            isLong
            help={
              of.kind === 'images'
                ? 'One on each line, such as width>=64 or source^=camera1/. Images have height, width, label and source.'
                : 'One on each line, such as price>100 or kind!=rose. Operators are = != < <= > >= and ^= (begins with).'
            }
          />
        </>
      )
    case 'sample':
      return (
        <Together>
          <Text {...fields} name="share" label="Percent to keep" />
          <Text {...fields} name="records" label="Or how many records" />
          <Choice
            {...fields}
            name="by"
            label="Of"
            options={[
              ['', 'all records'],
              ['class', 'each class the same share'],
            ]}
          />
          <Text {...fields} name="seed" label="Seed" placeholder="1" />
        </Together>
      )
    case 'split':
      return (
        <Together>
          <Text {...fields} name="val" label="Percent for val" />
          <Text {...fields} name="test" label="Percent for test" />
          <Choice
            {...fields}
            name="by"
            label="Chosen by"
            options={[
              ['', 'class, or random without classes'],
              ['random', 'random'],
              ['class', 'class'],
              ['group', 'group: equal values together'],
              ['time', 'time: the last ones'],
            ]}
          />
          {of.kind === 'images' ? (
            <Text {...fields} name="column" label="Column of the list of labels" />
          ) : (
            <Choice
              {...fields}
              name="column"
              label="Column"
              options={[['', 'none'], ...columns.map(name => [name, name] as const)]}
            />
          )}
          <Text {...fields} name="seed" label="Seed" placeholder="1" />
        </Together>
      )
    case 'dropDuplicates':
      return (
        <p class="soft">
          Keeps the first of equal {of.kind === 'images' ? 'images' : 'rows'}, and rather one in
          train.
        </p>
      )
    case 'relabel':
      return (
        <Pairs
          {...fields}
          label="New names of classes"
          help="Equal names merge classes."
          names={classes}
          canDrop
        />
      )
    case 'select':
      return <Choices {...fields} name="columns" label="Columns to keep" options={columns} />
    case 'drop':
      return <Choices {...fields} name="columns" label="Columns to drop" options={columns} />
    case 'rename':
      return <Pairs {...fields} label="New names of columns" names={columns} />
    case 'cast':
      return (
        <Pairs
          {...fields}
          label="New types of columns"
          names={columns}
          values={['number', 'integer', 'boolean', 'category']}
        />
      )
    case 'join':
      return (
        <Together>
          <Text {...fields} name="dataset" label="Other table" placeholder="its name or id" />
          <Choice
            {...fields}
            name="on"
            label="Key here"
            options={[['', 'choose a column'], ...columns.map(name => [name, name] as const)]}
          />
          <Text {...fields} name="otherOn" label="Key there" placeholder="the same" />
          <Text
            {...fields}
            name="columns"
            label="Columns to add, one on each line"
            isLong
            placeholder="all but the key"
          />
        </Together>
      )
  }
}

interface DraftFieldProps {
  draft: Draft
  onChange: (draft: Draft) => void
  label: string
}

const Together = ({ children }: { children: ComponentChildren }) => (
  <div class="options-form">{children}</div>
)

interface TextProps extends DraftFieldProps {
  name: string
  help?: string
  placeholder?: string
  isLong?: boolean
}

function Text({ draft, onChange, name, label, help, placeholder, isLong = false }: TextProps) {
  const value = draft.texts[name] ?? ''
  const set = (text: string) => onChange({ ...draft, texts: { ...draft.texts, [name]: text } })
  return (
    <Field label={label} {...(help && { help })}>
      {control =>
        isLong ? (
          <textarea
            {...control}
            class="input mono"
            rows={2}
            spellcheck={false}
            placeholder={placeholder}
            value={value}
            onInput={event => set(event.currentTarget.value)}
          />
        ) : (
          <TextInput {...control} value={value} placeholder={placeholder ?? ''} onChange={set} />
        )
      }
    </Field>
  )
}

interface ChoiceProps extends DraftFieldProps {
  name: string
  options: readonly (readonly [value: string, text: string])[]
}

const Choice = ({ draft, onChange, name, label, options }: ChoiceProps) => (
  <Field label={label}>
    {control => (
      <Select
        {...control}
        value={draft.texts[name] ?? ''}
        options={options}
        onChange={value => onChange({ ...draft, texts: { ...draft.texts, [name]: value } })}
      />
    )}
  </Field>
)

interface ChoicesProps extends DraftFieldProps {
  name: string
  options: readonly string[]
}

/** Names to tick. None ticked means that the field is not given. */
function Choices({ draft, onChange, name, label, options }: ChoicesProps) {
  const chosen = new Set(draft.chosen[name])
  function toggle(option: string, isChosen: boolean) {
    if (isChosen) chosen.add(option)
    else chosen.delete(option)
    const inOrder = options.filter(each => chosen.has(each))
    onChange({ ...draft, chosen: { ...draft.chosen, [name]: inOrder } })
  }
  return (
    <fieldset class="choices">
      <legend>
        {label}
        {chosen.size > 0 && `: ${chosen.size} of ${options.length}`}
      </legend>
      <div>
        {options.map(option => (
          <Checkbox
            key={option}
            checked={chosen.has(option)}
            onChange={isChosen => toggle(option, isChosen)}
          >
            {option}
          </Checkbox>
        ))}
      </div>
    </fieldset>
  )
}

interface PairsProps extends DraftFieldProps {
  names: readonly string[]
  help?: string
  /** What can be chosen; without, a text. */
  values?: readonly string[]
  canDrop?: boolean
}

/** A new name or type for some of the names. */
function Pairs({ draft, onChange, label, help, names, values, canDrop = false }: PairsProps) {
  function set(name: string, value: string | null) {
    const { [name]: _, ...others } = draft.pairs
    onChange({ ...draft, pairs: value === '' ? others : { ...others, [name]: value } })
  }
  return (
    <fieldset class="pairs">
      <legend>{label}</legend>
      {help && <p class="field-help">{help}</p>}
      <div>
        {names.map(name => {
          const value = draft.pairs[name]
          return (
            <div key={name} class="row nowrap">
              <span class="pair-name" title={name}>
                {name}
              </span>
              {values ? (
                <Select
                  label={`New type of ${name}`}
                  value={value ?? ''}
                  options={[['', 'as it is'], ...values.map(each => [each, each] as const)]}
                  onChange={chosen => set(name, chosen)}
                />
              ) : (
                <TextInput
                  label={`New name of ${name}`}
                  value={value ?? ''}
                  placeholder={value === null ? 'dropped' : 'as it is'}
                  disabled={value === null}
                  onChange={text => set(name, text)}
                />
              )}
              {canDrop && (
                <Checkbox
                  checked={value === null}
                  onChange={isDropped => set(name, isDropped ? null : '')}
                >
                  drop
                </Checkbox>
              )}
            </div>
          )
        })}
      </div>
    </fieldset>
  )
}
