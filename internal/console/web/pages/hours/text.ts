import type { hours } from "../../text/en/hours";

/** The texts of the area, after its load. */
export const text = {} as typeof hours;
