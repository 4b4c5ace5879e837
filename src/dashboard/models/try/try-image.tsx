import { useEffect, useRef, useState } from 'preact/hooks'
import type { ImageExplanationMethod } from '../../../spec/explanation.js'
import type { SelectedPredictions } from '../../../spec/selected-predictions.js'
import { client, endSessionOf } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Card, Empty } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import type { NetworkView } from '../model-words.js'
import { ClassBars } from './class-bars.js'
import { DrawingPad } from './drawing-pad.js'
import { ExplainedImage } from './explained-image.js'
import { type ChosenImage, ImageDrop } from './image-drop.js'
import { useSample } from './samples.js'

/** As many classes are shown. */
const topK = 10

interface Answer {
  predictions: SelectedPredictions
  ms: number
}

/** Predicts the class of an image, and shows where the network sees it. */
export function TryImage({ model }: { model: NetworkView }) {
  const [image, setImage] = useState<ChosenImage | null>(null)
  const [isDrawing, setDrawing] = useState(false)
  const [answer, setAnswer] = useState<Answer | null>(null)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const [target, setTarget] = useState<string | undefined>()
  const [method, setMethod] = useState<ImageExplanationMethod | null>(null)
  const sample = useSample(model.dataset, 'images')
  const latest = useRef(0)

  async function predict(next: ChosenImage) {
    latest.current += 1
    const request = latest.current
    setImage(next)
    setTarget(undefined)
    setBusy(true)
    const query = {
      version: String(model.version),
      topK: String(Math.min(topK, model.labels.length)),
    }
    const begin = performance.now()
    try {
      const predictions = await client.models.predictImages(model.id, next.blob, query)
      if (request !== latest.current) return
      setAnswer({ predictions, ms: performance.now() - begin })
      setError(undefined)
    } catch (failure) {
      if (request !== latest.current || endSessionOf(failure)) return
      setAnswer(null)
      setError(failure)
    } finally {
      if (request === latest.current) setBusy(false)
    }
  }

  const { record } = sample
  useEffect(() => {
    if (!record) return
    let isCurrent = true
    client.datasets.image(model.dataset.id, record.index).then(
      blob => {
        const name = `record ${record.index} of ${model.dataset.name}, labelled ${record.class}`
        if (isCurrent) void predict({ blob, name })
      },
      failure => isCurrent && setError(failure),
    )
    return () => {
      isCurrent = false
    }
  }, [record?.index])

  function take(next: ChosenImage) {
    sample.clear()
    void predict(next)
  }
  function clear() {
    latest.current += 1
    sample.clear()
    setImage(null)
    setAnswer(null)
    setError(undefined)
    setBusy(false)
  }

  const first = answer?.predictions.predictions[0]
  return (
    <div class="try">
      <Card
        title="Image"
        actions={
          <>
            <Button
              icon="edit"
              pressed={isDrawing}
              onClick={() => {
                setDrawing(!isDrawing)
                clear()
              }}
            >
              Draw
            </Button>
            <Button
              icon="database"
              title={sample.from}
              onClick={async () => {
                setDrawing(false)
                await sample.chooseAny()
              }}
            >
              From the data set
            </Button>
            {image && (
              <Button
                kind="quiet"
                icon="trash"
                label="Remove the image"
                onClick={() => {
                  setDrawing(false)
                  clear()
                }}
              />
            )}
          </>
        }
      >
        {isDrawing ? (
          <DrawingPad input={model.input} onDraw={blob => take({ blob, name: 'your drawing' })} />
        ) : (
          <ImageDrop image={image} onImage={take} onError={setError} />
        )}
      </Card>
      <Card title="Prediction">
        {error !== undefined && <ProblemNote error={error} />}
        {first?.top ? (
          <div aria-live="polite" aria-busy={isBusy} class="stack">
            <p class="predicted">
              <strong>{first.top[0]!.label}</strong>
              <span class="soft">answered in {Math.round(answer!.ms)} ms, transfer included</span>
            </p>
            <ClassBars
              bars={first.top}
              chosen={method ? target : undefined}
              onChoose={label => {
                setTarget(label)
                setMethod(method ?? 'gradCam')
              }}
            />
            {answer!.predictions.notes.map(({ code, message }) => (
              <p key={code} class="soft">
                {message}
              </p>
            ))}
          </div>
        ) : (
          error === undefined && (
            <Empty icon="image" title={isBusy ? 'Predicting …' : 'No image yet'}>
              {!isBusy && <p>Choose, drop, paste or draw an image. It is predicted at once.</p>}
            </Empty>
          )
        )}
      </Card>
      {image && first?.top && (
        <ExplainedImage
          model={model}
          image={image.blob}
          target={target ?? first.top[0]!.label}
          onTarget={setTarget}
          known={answer!.predictions.notes.map(({ message }) => message)}
          method={method}
          onMethod={setMethod}
        />
      )}
    </div>
  )
}
