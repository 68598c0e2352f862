"""Steps carried out: one, a whole recipe, all but one, as a trial; and followed back to where a cell came from."""
