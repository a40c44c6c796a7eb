-- Views with real geometry for QGIS, ArcGIS and spatial SQL. Made again at each start where PostGIS is there; nothing in
-- the program needs them. Points and lines are WGS 84 (EPSG:4326).

create or replace view substation_geometry as
select substation.substation_key, substation.id, substation.name, area.id as area_id,
       st_geomfromwkb(substation.geometry_wkb, 4326)::geometry(point, 4326) as geometry
from substation
join area on area.area_key = substation.area_key;

create or replace view equipment_geometry as
select equipment.equipment_key, equipment.id, equipment.kind, feeder.id as feeder_id, equipment.phases,
       equipment.normally_open, coalesce(switch_state.is_open, equipment.normally_open) as is_open,
       equipment.underground, equipment.length_m, equipment.rated_kva, equipment.rated_a,
       st_geomfromwkb(equipment.geometry_wkb, 4326)::geometry(linestring, 4326) as geometry
from equipment
join feeder on feeder.feeder_key = equipment.feeder_key
left join switch_state on switch_state.equipment_key = equipment.equipment_key;

-- An expression index: a viewport query over the view uses it.
create index if not exists equipment_geometry_gist on equipment
  using gist ((st_geomfromwkb(geometry_wkb, 4326)::geometry(linestring, 4326)));

create or replace view meter_geometry as
select meter.meter_key, meter.id, meter.customer_class, meter.critical, transformer.id as transformer_id,
       st_setsrid(st_makepoint(meter.lon, meter.lat), 4326)::geometry(point, 4326) as geometry
from meter
left join equipment as transformer on transformer.equipment_key = meter.transformer_key;

create or replace view outage_geometry as
select outage.id, outage.state, equipment.id as device_id, equipment.kind as device_kind, outage.customers_out,
       outage.customers_affected, outage.started_at, outage.restored_at, outage.is_open,
       st_lineinterpolatepoint(st_geomfromwkb(equipment.geometry_wkb, 4326)::geometry(linestring, 4326), 0.5)::geometry(point, 4326) as geometry
from outage
join equipment on equipment.equipment_key = outage.device_key;
