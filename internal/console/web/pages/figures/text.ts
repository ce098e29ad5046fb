import type { figures } from "../../text/en/figures";

/** The texts of the area, after its load. */
export const text = {} as typeof figures;
