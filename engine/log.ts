/** What the engine needs of a logger: fields first, then a sentence that does not vary. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Where faults of our own are told too. */
export interface ErrorLog extends Log {
  error(fields: object, message: string): void
}
