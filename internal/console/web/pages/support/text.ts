import type { support } from "../../text/en/support";

/** The texts of the area, after its load. */
export const text = {} as typeof support;
