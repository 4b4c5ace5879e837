import { useEffect, useRef, useState } from 'preact/hooks'
import type { ImageExplanationMethod } from '../../../spec/explanation.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Button } from '../../ui/button.js'
import { Select } from '../../ui/field.js'
import { formatMetric, formatPercent } from '../../ui/format.js'
import { Card, type Fact, Facts } from '../../ui/parts.js'
import { ProblemNote } from '../../ui/problem.js'
import type { NetworkView } from '../model-words.js'
import { drawOverlay, heatMapPixels } from './heat-map.js'

/** Pixels of the longer side of the picture. */
const pictureSize = 336

interface ExplainedImageProps {
  model: NetworkView
  image: Blob
  target: string
  onTarget: (label: string) => void
  /** Notes that are shown already. */
  known: readonly string[]
  /** Null until somebody asks: the first explanation takes seconds. */
  method: ImageExplanationMethod | null
  onMethod: (method: ImageExplanationMethod | null) => void
}

/** Where in the image the network sees a class. */
export function ExplainedImage(props: ExplainedImageProps) {
  const { model, target, onTarget, method, onMethod } = props
  return (
    <Card
      title="Why"
      actions={
        method && <Button kind="quiet" icon="close" label="Hide" onClick={() => onMethod(null)} />
      }
    >
      <div class="row">
        <Select
          label="Method"
          value={method ?? ''}
          options={[
            ['', 'No explanation'],
            ['gradCam', 'Grad-CAM'],
            ['integratedGradients', 'Integrated gradients'],
          ]}
          onChange={value => onMethod((value || null) as ImageExplanationMethod | null)}
        />
        <span class="row">
          of the class
          <Select
            label="Class to explain"
            value={target}
            options={model.labels.map(label => [label, label] as const)}
            onChange={onTarget}
          />
        </span>
        {!method && (
          <Button kind="primary" icon="image" onClick={() => onMethod('gradCam')}>
            Explain
          </Button>
        )}
      </div>
      {method ? (
        <Explanation {...props} method={method} />
      ) : (
        <p class="soft">
          A heat map shows which parts of the image speak for a class. The first one of a model
          takes seconds.
        </p>
      )}
    </Card>
  )
}

function Explanation({
  model,
  image,
  target,
  method,
  known,
}: ExplainedImageProps & { method: ImageExplanationMethod }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [opacity, setOpacity] = useState(0.7)
  const inputs = [image, target, method, model.id, model.version]
  const explained = useResource(async () => {
    const query = { version: String(model.version), method, target }
    const [answer, bitmap] = await Promise.all([
      client.models.explainImages(model.id, image, query),
      createImageBitmap(image),
    ])
    return { answer, bitmap }
  }, inputs)
  const { data, error, isLoading } = explained
  const one = data?.answer.explanations[0]
  const isSigned = data?.answer.method === 'integratedGradients'
  useEffect(() => {
    if (!canvas.current || !data || !one) return
    const map = heatMapPixels(one.map, isSigned)
    const overlay = { image: data.bitmap, map, source: one.source, opacity, isSigned }
    drawOverlay(canvas.current, overlay)
  }, [data, opacity])
  if (error !== undefined) return <ProblemNote error={error} onRetry={explained.reload} />
  if (!data || !one) {
    return (
      <div class="loading" role="status">
        <span class="spinner" />
        <span>Computing the heat map …</span>
      </div>
    )
  }
  const zoom = pictureSize / Math.max(data.bitmap.width, data.bitmap.height)
  const width = Math.max(Math.round(data.bitmap.width * zoom), 1)
  const height = Math.max(Math.round(data.bitmap.height * zoom), 1)
  const { completeness } = one
  const facts: Fact[] = [
    ['Class', one.target.label],
    ['Probability', formatPercent(one.target.probability, 2)],
    ['Logit', formatMetric(one.target.logit)],
    ['Layer', data.answer.layer && <code>{data.answer.layer.name}</code>],
    [
      'Feature map',
      data.answer.layer && `${data.answer.layer.width} x ${data.answer.layer.height}`,
    ],
    ['Steps', data.answer.steps],
    ['Baseline', data.answer.baseline],
    ['Gap of the sum', completeness && formatPercent(completeness.relativeGap, 2)],
  ]
  return (
    <div class={`explained ${isLoading ? 'stale' : ''}`} aria-busy={isLoading}>
      <figure>
        <canvas
          ref={canvas}
          width={width}
          height={height}
          role="img"
          aria-label={`Heat map of the class ${one.target.label} over the image`}
        />
        <figcaption>
          {isSigned ? (
            <span class="row">
              <span class="legend-key for" /> for the class
              <span class="legend-key against" /> against it
            </span>
          ) : (
            <span class="row">
              less <span class="legend-ramp" /> more
            </span>
          )}
        </figcaption>
      </figure>
      <div class="stack">
        <label class="row">
          Opacity
          <input
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={opacity}
            onInput={event => setOpacity(Number(event.currentTarget.value))}
          />
        </label>
        <Facts facts={facts} />
        {data.answer.notes
          // the prediction has the same notes on the image
          .filter(({ message }) => !known.includes(message))
          .map(({ code, message }) => (
            <p key={code} class="soft">
              {message}
            </p>
          ))}
      </div>
    </div>
  )
}
