import { Field } from "../../parts/form";
import { text } from "./text";

interface EmailFieldProps {
	initial?: string;
	readOnly?: boolean;
}

/** The address by which a user signs in. */
export function EmailField(props: EmailFieldProps) {
	return (
		<Field
			{...props}
			name="email"
			label={text.email}
			type="email"
			autocomplete="username"
			maxLength={320}
			required
		/>
	);
}
