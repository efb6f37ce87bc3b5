/** An element as it travels: what the merge needs, and whatever else its type has. */
export interface WireElement {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly versionNonce: number;
  readonly index: string;
  readonly isDeleted?: boolean;
  readonly [field: string]: unknown;
}
