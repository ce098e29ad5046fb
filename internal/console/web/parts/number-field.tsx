import type { ComponentChildren } from "preact";
import { Field } from "./form";

interface NumberFieldProps {
	name: string;
	label: string;
	hint?: ComponentChildren;
	required?: boolean;
	min: number;
	max: number;
	initial?: number | null | undefined;
}

/** A field for a whole number. */
export function NumberField({ initial, ...rest }: NumberFieldProps) {
	return <Field {...rest} type="number" initial={initial?.toString()} />;
}
