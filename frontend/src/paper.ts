// The sheet on paper: only its styles; it works without a script.
import "./paper.css";
