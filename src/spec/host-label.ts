// Apart from the schema in resources.ts, so that the settings load no schemas.

/** Such as `ssd` or `zone=a`. */
export const hostLabelPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}(=[A-Za-z0-9._-]{0,63})?$/
