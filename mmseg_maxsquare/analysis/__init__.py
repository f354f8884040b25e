"""Tables, figures and studies of finished runs."""
