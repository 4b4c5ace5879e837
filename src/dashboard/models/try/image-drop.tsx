import { useEffect, useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.js'

export interface ChosenImage {
  blob: Blob
  /** Where it comes from. */
  name: string
}

interface ImageDropProps {
  image: ChosenImage | null
  onImage: (image: ChosenImage) => void
  onError: (error: unknown) => void
}

/** Takes an image that is dropped here, chosen as a file, or pasted anywhere in the page. */
export function ImageDrop({ image, onImage, onError }: ImageDropProps) {
  const file = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const latest = useRef(take)
  latest.current = take

  function take(files: FileList | null | undefined, from: string) {
    const [first] = [...(files ?? [])]
    if (first) onImage({ blob: first, name: first.name || from })
    else onError(new Error(`${from}: there is no image in it. Choose an image file.`))
  }
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files
      if (!files?.length) return
      event.preventDefault()
      latest.current(files, 'the clipboard')
    }
    addEventListener('paste', onPaste)
    return () => removeEventListener('paste', onPaste)
  }, [])
  return (
    <div
      class={`image-drop ${isOver ? 'over' : ''}`}
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        take(event.dataTransfer?.files, 'what was dropped')
      }}
    >
      {image ? (
        <figure class="shown-image">
          <BlobImage blob={image.blob} alt={image.name} />
          <figcaption class="soft">{image.name}</figcaption>
        </figure>
      ) : (
        <p class="soft">Drop an image here, or paste one.</p>
      )}
      <input
        ref={file}
        class="only-heard"
        type="file"
        accept="image/png,image/jpeg,image/webp,image/gif,image/bmp"
        aria-label="Image file"
        tabIndex={-1}
        onChange={event => {
          if (event.currentTarget.files?.length) take(event.currentTarget.files, 'the file')
          // so that the same file can be chosen again
          event.currentTarget.value = ''
        }}
      />
      <Button icon="upload" onClick={() => file.current?.click()}>
        Choose a file
      </Button>
    </div>
  )
}

function BlobImage({ blob, alt }: { blob: Blob; alt: string }) {
  const [url, setUrl] = useState<string | null>(null)
  const [size, setSize] = useState(0)
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  if (!url) return null
  return (
    <img
      src={url}
      alt={alt}
      class={size > 0 && size < 100 ? 'small-pixels' : ''}
      onLoad={event => setSize(event.currentTarget.naturalWidth)}
    />
  )
}
