import type { visits } from "../../text/en/visits";

/** The texts of the area, after its load. */
export const text = {} as typeof visits;
