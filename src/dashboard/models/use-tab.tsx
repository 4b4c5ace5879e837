import { setQuery } from '../place.js'
import { useResource } from '../server/resource.js'
import { client, serverUrl } from '../server/session.js'
import { LinkButton } from '../ui/button.js'
import { Code } from '../ui/code.js'
import { Select } from '../ui/field.js'
import { Loaded } from '../ui/load.js'
import { Card } from '../ui/parts.js'
import { isBoosting } from './model-words.js'
import { snippetsOf } from './snippets.js'
import type { Choice, ModelTabProps } from './use-model.js'

/** How programs use the model, and its files for other runtimes. */
export function UseTab({ model, query }: ModelTabProps) {
  const version = { version: String(model.version) }
  const contract = useResource(() => client.models.contract(model.id, version), [])
  const by = query.get('by') ?? 'version'
  const language = query.get('language') ?? 'curl'
  return (
    <div class="stack">
      <Card
        title="Predict from a program"
        actions={
          <span class="row">
            Ask for
            <Select
              label="How the version is named"
              value={by}
              options={[
                ['version', `version ${model.version}`],
                ...model.aliases.map(alias => [`alias ${alias}`, `the alias ${alias}`] as const),
                ['name', 'the bare name'],
              ]}
              onChange={value => setQuery({ by: value === 'version' ? null : value })}
            />
          </span>
        }
      >
        <Loaded of={contract} label="what the model takes">
          {loaded => {
            const snippets = snippetsOf(loaded, choiceBy(by, model.version), serverUrl)
            const shown = snippets.find(({ title }) => title === language) ?? snippets[0]!
            return (
              <>
                <div class="row" role="group" aria-label="Language">
                  {snippets.map(({ title }) => (
                    <button
                      key={title}
                      type="button"
                      class="button quiet"
                      aria-pressed={title === shown.title}
                      onClick={() => setQuery({ language: title === 'curl' ? null : title })}
                    >
                      {title}
                    </button>
                  ))}
                </div>
                <Code text={shown.text} label={`${shown.title} example`} />
              </>
            )
          }}
        </Loaded>
        <p class="faint">
          Put a key of this server in the environment variable <code>KEY</code>.{' '}
          {isBoosting(model) &&
            'The values of the example are of the right types, not of a real row.'}
        </p>
      </Card>
      <Card title="Download">
        <div class="row">
          {exportsOf(isBoosting(model)).map(({ title, format }) => (
            <LinkButton
              key={title}
              icon="download"
              href={exportUrl(model.id, model.version, format)}
              download
            >
              {title}
            </LinkButton>
          ))}
        </div>
        <p class="faint">
          These files predict the same values in other runtimes; networks in fp32. Normalization is
          part of the graph: feed it pixels from 0 to 255.
        </p>
      </Card>
    </div>
  )
}

function choiceBy(by: string, version: number): Choice {
  if (by === 'name') return {}
  return by.startsWith('alias ') ? { alias: by.slice(6) } : { version: String(version) }
}

interface Export {
  title: string
  /** Null is the archive of all files. */
  format: string | null
}

const exportsOf = (isTrees: boolean): Export[] =>
  isTrees
    ? [
        { title: 'ONNX', format: 'onnx' },
        { title: 'XGBoost UBJ', format: 'ubj' },
        { title: 'XGBoost JSON', format: 'json' },
        { title: 'All files, tar', format: null },
      ]
    : [
        { title: 'ONNX', format: 'onnx' },
        { title: 'TensorFlow.js, tar', format: 'tfjs' },
        { title: 'TensorFlow checkpoint, tar', format: 'checkpoint' },
        { title: 'SavedModel, tar', format: null },
      ]

function exportUrl(id: string, version: number, format: string | null): string {
  const query = new URLSearchParams({ version: String(version), ...(format && { format }) })
  const path = `/models/${encodeURIComponent(id)}/${format ? 'export' : 'archive'}`
  return `${serverUrl}${path}?${query}`
}
