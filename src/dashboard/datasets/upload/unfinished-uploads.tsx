import { useEffect, useState } from 'preact/hooks'
import { Button } from '../../ui/button.js'
import { formatBytes } from '../../ui/format.js'
import { Age } from '../../ui/time.js'
import { discardUpload, type Unfinished, unfinishedUploads } from './resumable.js'
import { sendings } from './sending.js'

/** Uploads that were interrupted, such as by closing the page: the same files go on where they ended. */
export function UnfinishedUploads() {
  const [found, setFound] = useState<readonly Unfinished[]>([])
  const active = sendings.value.filter(({ state }) => state !== 'made').length
  useEffect(() => setFound(unfinishedUploads()), [active])
  // those of this page are among them
  if (active > 0 || found.length === 0) return null
  return (
    <ul class="unfinished">
      {found.map(each => (
        <li key={each.key} class="row">
          <span>
            The upload of <strong>{each.name}</strong> ({formatBytes(each.bytes)}) was interrupted;
            it began <Age time={each.startedAt} />. Choose the same files to go on where it ended.
          </span>
          <Button
            kind="quiet"
            icon="trash"
            onClick={async () => {
              await discardUpload(each)
              setFound(unfinishedUploads())
            }}
          >
            Discard
          </Button>
        </li>
      ))}
    </ul>
  )
}
