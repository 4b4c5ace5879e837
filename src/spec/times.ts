import { Type } from 'typebox'

const leapYear = String.raw`(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)`
const month = String.raw`((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))`
const timeOfDay = String.raw`([01]\d|2[0-3]):[0-5]\d`

export const dateOrDateTime =
  'an ISO 8601 date that exists, or such a date and time with a time zone'

/** Only dates that exist: Date.parse takes 30 February for a day in March, and cannot read others. */
export const DateOrDateTime = Type.String({
  pattern: String.raw`^(\d{4}-${month}|${leapYear}-02-29)(T${timeOfDay}(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]${timeOfDay}))?$`,
  description: dateOrDateTime,
})
