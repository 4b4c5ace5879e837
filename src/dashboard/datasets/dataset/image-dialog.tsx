import { useEffect } from 'preact/hooks'
import type { ImagesManifest } from '../../../spec/dataset.js'
import { setQuery } from '../../place.js'
import { useResource } from '../../server/resource.js'
import { client, serverUrl } from '../../server/session.js'
import { Button, LinkButton } from '../../ui/button.js'
import { Dialog } from '../../ui/dialog.js'
import { Loaded } from '../../ui/load.js'
import { Facts } from '../../ui/parts.js'

interface ImageDialogProps {
  of: ImagesManifest
  index: number
  /** The indices of the sheet behind it, in which the arrow keys lead on. */
  around: readonly number[]
}

/** One image in its stored size, with where it came from. */
export function ImageDialog({ of, index, around }: ImageDialogProps) {
  const sample = useResource(async () => {
    const query = { from: String(index), limit: '1' }
    const page = await client.datasets.samples(of.id, query)
    const [found] = page.kind === 'images' ? page.items : []
    if (found?.index !== index) throw new Error(`There is no image ${index} in this data set.`)
    return found
  }, [of.id, index])
  const place = around.indexOf(index)
  const previous = place < 0 ? index - 1 : around[place - 1]
  const next = place < 0 ? index + 1 : around[place + 1]
  const canGo = (to: number | undefined): to is number =>
    to !== undefined && to >= 0 && to < of.records
  const go = (to: number | undefined) => {
    if (canGo(to)) setQuery({ image: to })
  }
  useEffect(() => {
    const onKeyDown = ({ key }: KeyboardEvent) => {
      if (key === 'ArrowLeft') go(previous)
      if (key === 'ArrowRight') go(next)
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  })
  const url = `${serverUrl}/datasets/${of.id}/images/${index}`
  return (
    <Dialog
      title={`Image ${index}`}
      isWide
      onClose={() => setQuery({ image: null })}
      actions={
        <>
          <Button icon="back" disabled={!canGo(previous)} onClick={() => go(previous)}>
            Previous
          </Button>
          <Button icon="right" disabled={!canGo(next)} onClick={() => go(next)}>
            Next
          </Button>
          <LinkButton icon="download" href={url} download={`${of.name}-${index}`}>
            Download
          </LinkButton>
        </>
      }
    >
      <div class="one-image">
        <img
          class={of.height < 64 ? 'pixelated' : ''}
          src={url}
          alt={sample.data ? `${sample.data.class}, ${sample.data.source ?? ''}` : `Image ${index}`}
        />
        <Loaded of={sample} label="what is known of the image">
          {found => (
            <Facts
              facts={[
                ['Class', found.class],
                ['Label', String(found.label)],
                ['Split', found.split],
                ['Stored size', `${of.height} × ${of.width}`],
                ['Size as uploaded', `${found.height} × ${found.width}`],
                ['Path in the upload', found.source],
                ['Place', `${found.index} of ${of.records}`],
              ]}
            />
          )}
        </Loaded>
      </div>
    </Dialog>
  )
}
