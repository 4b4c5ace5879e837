// Event files: TFRecords of tensorflow.Event, as TensorBoard reads them.
import { create, toBinary } from '@bufbuild/protobuf'
import type { MetricRow } from '../../spec/metrics.js'
import { frameOf } from '../tfrecord.js'
import {
  DataClass,
  DataType,
  type Event,
  EventSchema,
  SessionLog_SessionStatus,
} from './event_pb.js'

/**
 * The beginning of an attempt's file. TensorBoard drops what earlier files of the folder have from step
 * `from` on: a resumed job does those steps again. `description` is Markdown, for the text page.
 */
export function fileStart(from: number, wallTime: number, description: string | null): Buffer {
  const events = [
    event(wallTime, 0, { case: 'fileVersion', value: 'brain.Event:2' }),
    event(wallTime, from, {
      case: 'sessionLog',
      value: { $typeName: 'tensorflow.SessionLog', status: SessionLog_SessionStatus.START },
    }),
  ]
  if (description !== null) events.push(textEvent(wallTime, from, 'job', description))
  return Buffer.concat(events.map(record))
}

/** One record for a row. */
export function rowEvent({ step, time, values }: MetricRow): Buffer {
  const value = Object.entries(values).map(([name, value]) => ({
    $typeName: 'tensorflow.Summary.Value' as const,
    tag: tagOf(name),
    value: { case: 'simpleValue' as const, value },
  }))
  const summary = { $typeName: 'tensorflow.Summary' as const, value }
  return record(event(Date.parse(time) / 1000, step, { case: 'summary', value: summary }))
}

/** TensorBoard groups by what is before the slash: `train/loss`, `validation/accuracy`. */
export function tagOf(name: string): string {
  if (name.includes('/')) return name
  const [, measured] = /^validation([A-Z].*)$/.exec(name) ?? []
  if (!measured) return `train/${name}`
  return `validation/${measured[0]!.toLowerCase()}${measured.slice(1)}`
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

function record(message: Event): Buffer {
  const data = toBinary(EventSchema, message)
  const { header, footer } = frameOf(data)
  return Buffer.concat([header, data, footer])
}
