import type { call } from "../../text/en/call";

/** The texts of the area, after its load. */
export const text = {} as typeof call;
