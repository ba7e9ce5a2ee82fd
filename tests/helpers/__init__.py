"""What several tests share: models they can run, the reference they are compared with."""
