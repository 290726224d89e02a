// Forms: only styles; every page works without a script.
import "./forms.css";
