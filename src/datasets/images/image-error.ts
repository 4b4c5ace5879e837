/** An image of a record that cannot be used. The message follows the record's position. */
export class ImageError extends Error {}
