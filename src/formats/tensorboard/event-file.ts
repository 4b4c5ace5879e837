// Encodes TensorBoard's event files: TFRecords of tensorflow.Event messages (event.proto).
import { create, toBinary } from '@bufbuild/protobuf'
import type { MetricRow } from '../../spec/metrics.js'
import { recordFrame } from '../tfrecord.js'
import {
  DataClass,
  DataType,
  type Event,
  EventSchema,
  SessionLog_SessionStatus,
} from './event_pb.js'

/**
 * The first records of an attempt's file. A resumed job repeats steps: TensorBoard drops the values that
 * earlier files in the folder have from `firstStep` on. `wallTime` is in seconds since 1970;
 * `description` is Markdown for TensorBoard's text page.
 */
export function encodeFileStart(
  firstStep: number,
  wallTime: number,
  description: string | null,
): Buffer {
  const events = [
    event(wallTime, 0, { case: 'fileVersion', value: 'brain.Event:2' }),
    event(wallTime, firstStep, {
      case: 'sessionLog',
      value: { $typeName: 'tensorflow.SessionLog', status: SessionLog_SessionStatus.START },
    }),
  ]
  if (description !== null) events.push(textEvent(wallTime, firstStep, 'job', description))
  return Buffer.concat(events.map(encodeRecord))
}

/** Encodes a metrics row as one record. */
export function encodeMetricRow({ step, time, values }: MetricRow): Buffer {
  const value = Object.entries(values).map(([name, value]) => ({
    $typeName: 'tensorflow.Summary.Value' as const,
    tag: tagOf(name),
    value: { case: 'simpleValue' as const, value },
  }))
  const summary = { $typeName: 'tensorflow.Summary' as const, value }
  return encodeRecord(event(Date.parse(time) / 1000, step, { case: 'summary', value: summary }))
}

/** TensorBoard groups tags by the part before the slash: `train/loss`, `validation/accuracy`. */
export function tagOf(name: string): string {
  if (name.includes('/')) return name
  const [, metric] = /^validation([A-Z].*)$/.exec(name) ?? []
  if (!metric) return `train/${name}`
  return `validation/${metric[0]!.toLowerCase()}${metric.slice(1)}`
}

const event = (wallTime: number, step: number, what: Event['what']): Event =>
  create(EventSchema, { wallTime, step: BigInt(step), what })

function textEvent(wallTime: number, step: number, tag: string, text: string): Event {
  return create(EventSchema, {
    wallTime,
    step: BigInt(step),
    what: {
      case: 'summary',
      value: {
        value: [
          {
            tag,
            metadata: { pluginData: { pluginName: 'text' }, dataClass: DataClass.TENSOR },
            value: {
              case: 'tensor',
              value: {
                dtype: DataType.DT_STRING,
                tensorShape: {},
                stringVal: [new TextEncoder().encode(text)],
              },
            },
          },
        ],
      },
    },
  })
}

function encodeRecord(message: Event): Buffer {
  const data = toBinary(EventSchema, message)
  const { header, footer } = recordFrame(data)
  return Buffer.concat([header, data, footer])
}
