import { Checkbox, Field, Select, TextInput } from '../../ui/field.js'
import type { Options } from './sending.js'

/** What the form holds, as it was typed. */
export interface TypedOptions {
  name: string
  target: string
  resize: string
  mode: 'fill' | 'fit' | 'stretch'
  labels: string
  val: string
  test: string
  skips: boolean
  maxSkipped: string
  more: string
}

export const noOptions: TypedOptions = {
  ...{ name: '', target: '', resize: '', mode: 'fill', labels: '', val: '', test: '' },
  ...{ skips: false, maxSkipped: '1', more: '' },
}

/** The options of the request. Throws with what cannot be sent; the server checks the rest. */
export function optionsOf(typed: TypedOptions, kind: 'images' | 'table' | null): Options {
  const { name, target, resize, mode, labels, val, test, skips, maxSkipped, more } = typed
  const names = labels.split(/[\n,]/).flatMap(label => label.trim() || [])
  const shares = Object.entries({ val, test }).flatMap(([split, percent]) =>
    percent.trim() === '' ? [] : [[split, shareOf(percent, `the share of ${split}`)] as const],
  )
  return {
    ...(name.trim() !== '' && { name: name.trim() }),
    ...(kind !== 'images' && target.trim() !== '' && { target: target.trim() }),
    ...(kind !== 'table' && resize.trim() !== '' && { resize: { ...sizeOf(resize), mode } }),
    ...(kind !== 'table' && names.length > 0 && { labels: names }),
    ...(shares.length > 0 && { splits: Object.fromEntries(shares) }),
    ...(skips && {
      onError: 'skip' as const,
      maxSkipped: shareOf(maxSkipped, 'the share that may be left out'),
    }),
    ...moreOptions(more),
  }
}

function sizeOf(text: string): { height: number; width: number } {
  const found = /^\s*(\d{1,5})\s*(?:[x×]\s*(\d{1,5}))?\s*$/.exec(text)
  if (!found)
    throw new Error(`The size is '${text}'. Expected WIDTHxHEIGHT such as 224x160, or 224.`)
  const width = Number(found[1])
  return { width, height: Number(found[2] ?? width) }
}

function shareOf(text: string, what: string): number {
  const percent = Number(text.replace(',', '.').replace('%', ''))
  if (!(percent > 0 && percent <= 100)) {
    throw new Error(
      `${what[0]!.toUpperCase()}${what.slice(1)} is '${text}'. Expected a percentage.`,
    )
  }
  return Number((percent / 100).toPrecision(6))
}

function moreOptions(text: string): Options {
  if (text.trim() === '') return {}
  let more: unknown
  try {
    more = JSON.parse(text)
  } catch (error) {
    throw new Error(`More options are no JSON: ${(error as Error).message}`)
  }
  if (more === null || typeof more !== 'object' || Array.isArray(more)) {
    throw new Error('More options are expected to be a JSON object such as {"header": false}.')
  }
  return more
}

interface OptionsFormProps {
  typed: TypedOptions
  /** Hides what does not go with these files. */
  kind: 'images' | 'table' | null
  suggestedName: string
  onChange: (typed: TypedOptions) => void
}

export function OptionsForm({ typed, kind, suggestedName, onChange }: OptionsFormProps) {
  const set =
    <K extends keyof TypedOptions>(key: K) =>
    (value: TypedOptions[K]) =>
      onChange({ ...typed, [key]: value })
  return (
    <div class="options-form">
      <Field
        label="Name"
        help="Small letters, digits, '.', '_' and '-'. A name that exists gets a new version."
      >
        {control => (
          <TextInput
            {...control}
            value={typed.name}
            placeholder={suggestedName || 'chosen by the server'}
            onChange={set('name')}
          />
        )}
      </Field>
      {kind !== 'images' && (
        <Field label="Target column" help="Tables: what jobs predict unless they say otherwise.">
          {control => <TextInput {...control} value={typed.target} onChange={set('target')} />}
        </Field>
      )}
      {kind !== 'table' && (
        <>
          <Field
            label="Size of images"
            help="Such as 224 or 224x160. Without it, images of different sizes get one that suits most of them."
          >
            {control => (
              <div class="row nowrap">
                <TextInput
                  {...control}
                  value={typed.resize}
                  placeholder="as they are"
                  onChange={set('resize')}
                />
                <Select
                  label="How other shapes fit"
                  value={typed.mode}
                  options={[
                    ['fill', 'fill: cut off the rest'],
                    ['fit', 'fit: black beside it'],
                    ['stretch', 'stretch: distort'],
                  ]}
                  onChange={set('mode')}
                />
              </div>
            )}
          </Field>
          <Field
            label="Class names"
            help="Only if labels are numbers: the names in their order, with commas between them."
          >
            {control => <TextInput {...control} value={typed.labels} onChange={set('labels')} />}
          </Field>
        </>
      )}
      <Field
        label="Splits"
        help="Percent of the records for validation and test. The rest is train."
      >
        {control => (
          <div class="row nowrap">
            <TextInput
              {...control}
              inputMode="decimal"
              placeholder="val, such as 10"
              label="Percent for val"
              value={typed.val}
              onChange={set('val')}
            />
            <TextInput
              inputMode="decimal"
              placeholder="test"
              label="Percent for test"
              value={typed.test}
              onChange={set('test')}
            />
          </div>
        )}
      </Field>
      <div class="field">
        <Checkbox checked={typed.skips} onChange={set('skips')}>
          Leave out what cannot be read
        </Checkbox>
        {typed.skips && (
          <div class="row nowrap">
            <span>up to</span>
            <TextInput
              label="Percent that may be left out"
              inputMode="decimal"
              value={typed.maxSkipped}
              onChange={set('maxSkipped')}
            />
            <span>%</span>
          </div>
        )}
        <p class="field-help">Otherwise a damaged image or row refuses all.</p>
      </div>
      <details class="wide-field">
        <summary>More options</summary>
        <Field
          label="As JSON"
          help='The fields of POST /datasets: schema, delimiter, header, decimal, missing, features, channels and others, such as {"schema": {"zip": "category"}}.'
        >
          {control => (
            <textarea
              {...control}
              class="input mono"
              rows={3}
              spellcheck={false}
              value={typed.more}
              onInput={event => set('more')(event.currentTarget.value)}
            />
          )}
        </Field>
      </details>
    </div>
  )
}
