// Pages of laws and rules need no script of their own.
import "./laws.css";
