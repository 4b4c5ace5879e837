import { useState } from 'preact/hooks'
import { formatCount } from '../../../presentation/units.js'
import type { DatasetSource } from '../../../spec/dataset-request.js'
import { placeUrl } from '../../place.js'
import { Button } from '../../ui/button.js'
import { Field } from '../../ui/field.js'
import { formatBytes } from '../../ui/format.js'
import { messageOf } from '../../ui/message.js'
import { Card, Page } from '../../ui/parts.js'
import { Tabs } from '../../ui/tabs.js'
import type { ViewProps } from '../../view.js'
import { type Choice, guessKind, suggestName } from './chosen-files.js'
import { DropZone } from './drop-zone.js'
import { noOptions, OptionsForm, optionsOf } from './options-form.js'
import { parcelsOf } from './parcels.js'
import { beginImport, beginSending } from './sending.js'
import { SendingCard } from './sending-card.js'
import { UnfinishedUploads } from './unfinished-uploads.js'

const places = {
  files: { title: 'Files and folders' },
  url: {
    title: 'URL',
    label: 'URL',
    placeholder: 'https://data.example/wine.csv',
    help: 'http or https. Of several files, one URL on each line. The server fetches from public addresses and those in TRAINYARD_FETCH_ALLOW.',
  },
  s3: {
    title: 'S3',
    label: 'Object or prefix',
    placeholder: 's3://bucket/folder/',
    help: 'A prefix ends with / and stands for all objects below it. The bucket must be in TRAINYARD_FETCH_ALLOW.',
  },
  folder: {
    title: 'Folder of the server',
    label: 'Path',
    placeholder: '/data/flowers',
    help: 'A file or folder of the machine of the server, below one of TRAINYARD_DATA_ROOTS.',
  },
} as const
type PlaceName = keyof typeof places

const isPlace = (name: string | null): name is PlaceName => name !== null && name in places

/** Makes data sets of files of the user, or of what lies elsewhere. */
export default function NewDatasetView({ query }: ViewProps) {
  const given = query.get('from')
  const from = isPlace(given) ? given : 'files'
  const [choice, setChoice] = useState<Choice>({ files: [], leftOut: 0 })
  const [address, setAddress] = useState('')
  const [typed, setTyped] = useState(noOptions)
  const [error, setError] = useState<string | null>(null)
  const [packed, setPacked] = useState<number | null>(null)
  const kind = from === 'files' ? guessKind(choice.files) : null
  const suggested = from === 'files' ? suggestName(choice.files) : ''
  const bytes = choice.files.reduce((sum, { file }) => sum + file.size, 0)
  const isReady = from === 'files' ? choice.files.length > 0 : address.trim() !== ''

  async function start(event: Event) {
    event.preventDefault()
    try {
      const options = optionsOf({ ...typed, name: typed.name.trim() || suggested }, kind)
      if (from === 'files') {
        setPacked(0)
        beginSending(titleOf(choice), await parcelsOf(choice.files, setPacked), options)
      } else {
        beginImport(address.trim(), sourcesOf(from, address), options)
      }
    } catch (thrown) {
      setError(messageOf(thrown))
      return
    } finally {
      setPacked(null)
    }
    setError(null)
    // others may have been chosen meanwhile
    setChoice(now => (now === choice ? { files: [], leftOut: 0 } : now))
    setAddress('')
    setTyped(noOptions)
  }

  const place = places[from]
  return (
    <Page title="New data set" back={{ href: placeUrl('/datasets'), label: 'Data sets' }}>
      <SendingCard />
      <Tabs
        label="Where the data is"
        current={from}
        tabs={Object.entries(places).map(([name, { title }]) => ({
          name,
          title,
          href: placeUrl('/new-dataset', { from: name === 'files' ? null : name }),
        }))}
      />
      <form class="stack" onSubmit={event => void start(event)}>
        <Card>
          {'label' in place ? (
            <Field label={place.label} help={place.help}>
              {control => (
                <textarea
                  {...control}
                  class="input mono"
                  rows={from === 'url' ? 3 : 1}
                  spellcheck={false}
                  placeholder={place.placeholder}
                  value={address}
                  onInput={event => setAddress(event.currentTarget.value)}
                />
              )}
            </Field>
          ) : (
            <>
              <DropZone onChoice={setChoice} />
              <UnfinishedUploads />
              {choice.files.length > 0 && (
                <div class="row">
                  <strong>{titleOf(choice)}</strong>
                  <span class="soft">{formatBytes(bytes)}</span>
                  {choice.leftOut > 0 && (
                    <span class="soft">
                      {formatCount(choice.leftOut)} hidden files and files of the system are left
                      out
                    </span>
                  )}
                  <Button
                    kind="quiet"
                    icon="close"
                    label="Choose nothing"
                    onClick={() => setChoice({ files: [], leftOut: 0 })}
                  />
                </div>
              )}
            </>
          )}
        </Card>
        <Card title="Options">
          <OptionsForm typed={typed} kind={kind} suggestedName={suggested} onChange={setTyped} />
        </Card>
        {error && (
          <p class="field-error" role="alert">
            {error}
          </p>
        )}
        <div class="row">
          <Button kind="primary" type="submit" icon="upload" disabled={!isReady || packed !== null}>
            {from === 'files' ? 'Upload' : 'Make the data set'}
          </Button>
          {packed !== null && (
            <span class="soft" role="status">
              Packing the files: {formatCount(packed)} of {formatCount(choice.files.length)}
            </span>
          )}
          {!isReady && (
            <span class="soft">
              {from === 'files' ? 'Choose files first.' : 'Say where the data is first.'}
            </span>
          )}
        </div>
      </form>
    </Page>
  )
}

/** `flowers (1,204 files)`. */
function titleOf({ files }: Choice): string {
  const first = files[0]!.path.split('/')[0]!
  if (files.length === 1) return files[0]!.path
  const isOneFolder = files.every(({ path }) => path.startsWith(`${first}/`))
  const count = `${formatCount(files.length)} files`
  return isOneFolder ? `${first} (${count})` : `${first} and others (${count})`
}

function sourcesOf(from: Exclude<PlaceName, 'files'>, address: string): DatasetSource[] {
  const lines = address.split('\n').flatMap(line => line.trim() || [])
  return lines.map(line =>
    from === 'folder' ? { kind: 'folder', path: line } : { kind: from, url: line },
  )
}
