import type { care } from "../../text/en/care";

/** The texts of the area, after its load. */
export const text = {} as typeof care;
